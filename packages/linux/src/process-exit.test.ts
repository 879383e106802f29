import { afterEach, describe, expect, it } from 'vitest';
import { observeExit, waitForExit } from './process-exit.ts';
import { processIdentity, type ProcessIdentity } from './process-identity.ts';
import { createProcfs } from './procfs.ts';
import { realProcesses } from './testing/real-process.ts';

const procfs = createProcfs();
const processes = realProcesses();
afterEach(() => processes.endAll());

async function sleeper(): Promise<{ identity: ProcessIdentity; kill: () => void }> {
  const { pid, child } = await processes.start('sleep', '1000');
  const identity = processIdentity(procfs, pid);
  if (!identity) throw new Error('it is gone');
  return { identity, kill: () => child.kill('SIGKILL') };
}

describe('waitForExit', () => {
  it('sees a process end', async () => {
    const { identity, kill } = await sleeper();
    const seen = waitForExit(procfs, identity, 10_000);
    kill();
    expect(await seen).toMatchObject({ outcome: 'Exited' });
  });

  it('says that it still runs when the time is over', async () => {
    const { identity } = await sleeper();
    expect(await waitForExit(procfs, identity, 30)).toEqual({ outcome: 'StillRunning' });
    expect(await waitForExit(procfs, identity, 0)).toEqual({ outcome: 'StillRunning' });
  });

  it('rejects with the reason of an abort', async () => {
    const { identity } = await sleeper();
    const abort = new AbortController();
    const seen = waitForExit(procfs, identity, 10_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(seen).rejects.toThrow('enough');
  });
});

describe('observeExit', () => {
  it('tells a zombie, a reused pid and another boot from a process that runs', async () => {
    const { identity, kill } = await sleeper();
    expect(observeExit(procfs, identity)).toEqual({ outcome: 'StillRunning' });
    expect(observeExit(procfs, { ...identity, startTicks: '1' })).toEqual({ outcome: 'Exited', as: 'Replaced' });
    expect(observeExit(procfs, { ...identity, bootId: 'x' })).toEqual({ outcome: 'Exited', as: 'Replaced' });
    kill();
    // Without a turn of the event loop this process cannot reap its child.
    let seen = observeExit(procfs, identity);
    while (seen.outcome === 'StillRunning') seen = observeExit(procfs, identity);
    expect(seen).toEqual({ outcome: 'Exited', as: 'Zombie' });
  });

  it('takes a program whose main thread has ended for one that runs', async () => {
    // SYS_exit ends the calling thread alone: 60 on x86-64, 93 on arm64 (syscalls(2)).
    const exit = process.arch === 'arm64' ? 93 : 60;
    const { pid, child } = await processes.start('perl', '-Mthreads', '-e', `threads->create(sub { sleep 1000 }); syscall(${exit}, 0)`);
    const end = Date.now() + 10_000;
    while (procfs.stat(pid)?.state !== 'Z' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(procfs.stat(pid)).toMatchObject({ state: 'Z', numThreads: 2 });
    const identity = processIdentity(procfs, pid) as ProcessIdentity;
    expect(observeExit(procfs, identity)).toEqual({ outcome: 'StillRunning' });
    expect(await waitForExit(procfs, identity, 50)).toEqual({ outcome: 'StillRunning' });
    child.kill('SIGKILL');
    expect(await waitForExit(procfs, identity, 10_000)).toMatchObject({ outcome: 'Exited' });
  });
});
