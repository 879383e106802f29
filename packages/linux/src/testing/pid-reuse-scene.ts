// Runs as pid 1 of its own pid namespace (`unshare --pid --fork --mount-proc`), where `ns_last_pid` decides the next pid.
// Prints one JSON line: what the fence answered when the target's pid was taken by another process at each moment, and whether that one was left alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createProcfs, createSignalFence, processIdentity, type Procfs, type ProcessIdentity, type SignalOutcome } from '../index.ts';
import { eventually } from './eventually.ts';

const procfs = createProcfs();

/** A target whose parent is a shell that reaps it at once, while this process is busy. */
async function startTarget(): Promise<{ identity: ProcessIdentity; shell: ChildProcess }> {
  const shell = spawn('sh', ['-c', 'sleep 1000 & wait; read line'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const pid = await eventually('the target', () => procfs.children(shell.pid ?? 0).find((child) => procfs.comm(child) === 'sleep'));
  // The kernel counts starts in ticks of 10 ms: the next owner of the pid shall not start in the same one.
  const { startTicks } = procfs.stat(pid) ?? {};
  await eventually('a later tick', () => procfs.uptime() * 100 > Number(startTicks) + 5);
  const identity = processIdentity(procfs, pid);
  if (!identity) throw new Error('the target is gone');
  return { identity, shell };
}

/** Ends the target and gives its pid to another sleep, without a turn of the event loop. */
function replace(pid: number): ChildProcess {
  process.kill(pid, 'SIGKILL');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(`/proc/${pid}`)) Atomics.wait(pause, 0, 0, 1);
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
  const successor = spawn('sleep', ['1000'], { stdio: 'ignore' });
  if (successor.pid !== pid) throw new Error(`the successor has pid ${successor.pid}, not ${pid}`);
  return successor;
}

/** A procfs that, at the end of its nth look at the target's program, lets the target's pid change hands. */
function replacingAt(look: number, pid: number, done: (successor: ChildProcess) => void): Procfs {
  let looks = 0;
  return {
    ...procfs,
    exe: (asked) => {
      const exe = procfs.exe(asked);
      if (asked === pid && ++looks === look) done(replace(pid));
      return exe;
    },
  };
}

async function scene(look: number): Promise<{ outcome: SignalOutcome; successorUntouched: boolean }> {
  const { identity, shell } = await startTarget();
  const successors: ChildProcess[] = [];
  const fence =
    look === 0
      ? createSignalFence()
      : createSignalFence({ procfs: replacingAt(look, identity.pid, (successor) => successors.push(successor)) });
  if (look === 0) successors.push(replace(identity.pid));
  const outcome = fence.signal({ identity, signal: 'SIGKILL' });
  const successor = successors[0];
  if (!successor) throw new Error(`the target was not replaced at look ${look}: ${JSON.stringify(outcome)}`);
  const status = procfs.status(identity.pid);
  const successorUntouched =
    successor.exitCode === null && status?.sigPnd === 0n && status.shdPnd === 0n && procfs.stat(identity.pid)?.state !== 'Z';
  successor.kill('SIGKILL');
  shell.kill('SIGKILL');
  return { outcome, successorUntouched };
}

// The fence looks at the program twice before pidfd_open and twice after it.
const results = [];
for (const look of [0, 1, 2, 3, 4]) results.push(await scene(look));
console.log(JSON.stringify(results));
process.exit(0);
