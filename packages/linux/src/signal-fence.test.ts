import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcfs } from './procfs.ts';
import { processIdentity, type ProcessIdentity } from './process-identity.ts';
import { createSignalFence, INTRUSIVE_DIAGNOSIS_REFUSED_STATES } from './signal-fence.ts';
import { eventually } from './testing/eventually.ts';
import { realProcesses } from './testing/real-process.ts';

const procfs = createProcfs();
const fence = createSignalFence();
const processes = realProcesses();
const directories: string[] = [];
afterEach(async () => {
  await processes.endAll();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

function identityOf(pid: number): ProcessIdentity {
  const identity = processIdentity(procfs, pid);
  if (!identity) throw new Error(`no process ${pid}`);
  return identity;
}

/** It runs or sleeps, and no signal is pending. */
function expectUntouched(pid: number): void {
  expect(procfs.status(pid)).toMatchObject({ sigPnd: 0n, shdPnd: 0n });
  expect(procfs.stat(pid)?.state).toMatch(/[RS]/);
}

/** A copy of sleep under another name: the kernel takes program and comm from it. */
function sleepNamed(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-fence-'));
  directories.push(directory);
  const program = join(directory, name);
  execFileSync('cp', [execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(), program]);
  return program;
}

describe('a target that is still itself', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('gets %s, once, and ends by it', async (signal) => {
    const { pid, ended } = await processes.start('sleep', '1000');
    expect(fence.signal({ identity: identityOf(pid), signal })).toEqual({ outcome: 'Signalled' });
    expect(await ended).toBe(signal);
  });

  it('gets exactly as many signals as were sent', async () => {
    const target = await processes.start('sh', '-c', 'trap "echo got" USR1; echo ready; while :; do sleep 0.05; done');
    await target.printed('ready');
    const request = { identity: identityOf(target.pid), signal: 'SIGUSR1', requireHandler: true } as const;
    expect(fence.signal(request)).toEqual({ outcome: 'Signalled' });
    await target.printed('got\n');
    expect(fence.signal(request)).toEqual({ outcome: 'Signalled' });
    await target.printed('got\ngot\n');
  });
});

describe('a target that is gone', () => {
  it('is not signalled after it was reaped', async () => {
    const { pid, child, ended } = await processes.start('sleep', '1000');
    const identity = identityOf(pid);
    child.kill('SIGKILL');
    await ended;
    expect(fence.signal({ identity, signal: 'SIGTERM' })).toMatchObject({ outcome: 'TargetGone', code: 'NoSuchProcess' });
  });

  it('is not signalled as a zombie', async () => {
    const { pid } = await processes.start('sh', '-c', 'sleep 0 & exec sleep 1000');
    const zombie = await eventually('a zombie', () => procfs.children(pid).find((child) => procfs.stat(child)?.state === 'Z'));
    expect(fence.signal({ identity: identityOf(zombie), signal: 'SIGKILL' })).toMatchObject({ outcome: 'TargetGone', code: 'Exited' });
  });

  it.each([
    ['another start', { startTicks: '1' }, 'the pid was reused'],
    ['another boot', { bootId: '00000000-0000-0000-0000-000000000000' }, 'booted again'],
    ['another program', { exe: { dev: '1', ino: '1' } }, 'another program'],
  ])('is told from a process of its pid with %s', async (_what, change, reason) => {
    const { pid } = await processes.start('sleep', '1000');
    const outcome = fence.signal({ identity: { ...identityOf(pid), ...change }, signal: 'SIGKILL' });
    expect(outcome).toMatchObject({ outcome: 'TargetGone', code: 'Replaced', reason: expect.stringContaining(reason) as string });
    expectUntouched(pid);
  });
});

describe('what is never signalled', () => {
  it('is init, a process group, this process and what is above it', () => {
    const self = identityOf(process.pid);
    const code = (identity: ProcessIdentity) => fence.signal({ identity, signal: 'SIGKILL' });
    for (const pid of [1, 0, -1, -process.pid]) expect(code({ ...self, pid })).toMatchObject({ outcome: 'Refused', code: 'ProtectedPid' });
    expect(code(self)).toMatchObject({ outcome: 'Refused', code: 'OwnProcess' });
    expect(code(identityOf(process.ppid))).toMatchObject({ outcome: 'Refused', code: 'OwnAncestor' });
  });

  it('is an identity that is none', () => {
    const self = identityOf(process.pid);
    for (const change of [{ pid: 1.5 }, { pid: NaN }, { pid: 2 ** 31 }, { startTicks: '' }, { startTicks: '1e9' }, { bootId: '' }]) {
      expect(fence.signal({ identity: { ...self, ...change }, signal: 'SIGTERM' })).toMatchObject({
        outcome: 'Refused',
        code: 'InvalidIdentity',
      });
    }
  });

  it('is a pid or a program on the deny list of the fence or of the call', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const request = { identity: identityOf(pid), signal: 'SIGTERM' } as const;
    const strict = createSignalFence({ deny: () => ({ pids: [pid] }) });
    expect(strict.signal(request)).toMatchObject({ outcome: 'Refused', code: 'ProtectedPid' });
    expect(fence.signal({ ...request, deny: { pids: [pid] } })).toMatchObject({ outcome: 'Refused', code: 'ProtectedPid' });
    expect(fence.signal({ ...request, deny: { programs: ['sleep'] } })).toMatchObject({ outcome: 'Refused', code: 'ProtectedProgram' });
    expectUntouched(pid);
  });

  it.each(['kubelet', 'containerd', 'dockerd', 'crio', 'systemd', 'docker-containerd'])('is %s, by its program', async (name) => {
    const { pid } = await processes.start(sleepNamed(name), '1000');
    expect(fence.signal({ identity: identityOf(pid), signal: 'SIGKILL' })).toMatchObject({ outcome: 'Refused', code: 'ProtectedProgram' });
    expectUntouched(pid);
  });

  it('is a kubelet by its kernel name, whatever its program is called', async () => {
    const { pid } = await processes.start('sh', '-c', 'printf kubelet > /proc/$$/comm; read line');
    await eventually('the new name', () => procfs.comm(pid) === 'kubelet');
    expect(fence.signal({ identity: identityOf(pid), signal: 'SIGKILL' })).toMatchObject({ outcome: 'Refused', code: 'ProtectedProgram' });
  });

  it('does not include shims, whose kernel name is cut to what the name of a daemon is cut to', async () => {
    for (const name of ['containerd-shim-runc-v2', 'containerd-shim', 'docker-containerd-shim']) {
      const { pid, ended } = await processes.start(sleepNamed(name), '1000');
      expect(fence.signal({ identity: identityOf(pid), signal: 'SIGKILL' })).toEqual({ outcome: 'Signalled' });
      expect(await ended).toBe('SIGKILL');
    }
  });

  it('is a kernel thread', () => {
    const kthreadd = procfs.stat(2);
    // In a pid namespace of its own a test sees no kernel threads; there is nothing to protect then.
    if (kthreadd?.comm !== 'kthreadd') return;
    expect(fence.signal({ identity: identityOf(2), signal: 'SIGTERM' })).toMatchObject({ outcome: 'Refused', code: 'KernelThread' });
  });

  it('is anything, with a signal that is not allowed', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const identity = identityOf(pid);
    expect(fence.signal({ identity, signal: 'SIGSTOP' })).toMatchObject({ code: 'SignalNotAllowed' });
    expect(fence.signal({ identity, signal: 'SIGKILL', allow: ['SIGTERM'] })).toMatchObject({ code: 'SignalNotAllowed' });
    expect(fence.signal({ identity, signal: 'SIGSTOP', allow: ['SIGSTOP'] })).toMatchObject({ code: 'SignalNotAllowed' });
    expect(fence.signal({ identity, signal: 9 as unknown as 'SIGKILL' })).toMatchObject({ code: 'SignalNotAllowed' });
    expectUntouched(pid);
  });

  it('is anything, where the procfs is not the one of the own pid namespace', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const foreign = createSignalFence({ procfs: { ...procfs, selfPid: () => 4711 } });
    expect(foreign.signal({ identity: identityOf(pid), signal: 'SIGTERM' })).toMatchObject({ outcome: 'Refused', code: 'ForeignProcfs' });
  });
});

describe('signals of a diagnosis', () => {
  it('are refused to a process without a handler, which they would end', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const outcome = fence.signal({ identity: identityOf(pid), signal: 'SIGUSR1', requireHandler: true });
    expect(outcome).toMatchObject({ outcome: 'Refused', code: 'NoSignalHandler' });
    expectUntouched(pid);
  });

  it('are refused to a stopped process, while SIGKILL ends it', async () => {
    const { pid, child, ended } = await processes.start('sleep', '1000');
    child.kill('SIGSTOP');
    await eventually('state T', () => procfs.stat(pid)?.state === 'T');
    const identity = identityOf(pid);
    const refuseStates = INTRUSIVE_DIAGNOSIS_REFUSED_STATES;
    expect(fence.signal({ identity, signal: 'SIGUSR1', refuseStates })).toMatchObject({ outcome: 'Refused', code: 'TargetState' });
    expect(procfs.status(pid)).toMatchObject({ sigPnd: 0n, shdPnd: 0n });
    expect(fence.signal({ identity, signal: 'SIGKILL' })).toEqual({ outcome: 'Signalled' });
    expect(await ended).toBe('SIGKILL');
  });

  it('are refused to a process in uninterruptible sleep', async () => {
    // clone(CLONE_VFORK): the parent sleeps in state D until its child execs or ends.
    const number = process.arch === 'arm64' ? 220 : 56;
    const { pid } = await processes.start('perl', '-e', `syscall(${number}, 0x4000 | 17, 0, 0, 0, 0); sleep 1000`);
    // A cold disk puts perl into state D too, before it has a child.
    const child = await eventually('the child of a parent in state D', () => procfs.stat(pid)?.state === 'D' && procfs.children(pid)[0]);
    const outcome = fence.signal({ identity: identityOf(pid), signal: 'SIGUSR1', refuseStates: INTRUSIVE_DIAGNOSIS_REFUSED_STATES });
    process.kill(child, 'SIGKILL');
    expect(outcome).toMatchObject({ outcome: 'Refused', code: 'TargetState', reason: expect.stringContaining('state D') as string });
  });
});
