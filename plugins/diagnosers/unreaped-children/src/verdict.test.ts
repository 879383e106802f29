import type { ProcStat } from '@kdr/linux';
import { expect, test } from 'vitest';
import type { Look } from './look.ts';
import { notOurs } from './not-ours.ts';
import { judge } from './verdict.ts';

const stat = (pid: number, state = 'S', startTicks = '5') =>
  ({ pid, ppid: 1, state, startTicks, comm: 'x', flags: 0 }) as unknown as ProcStat;
const look = (zombies: number[], options: { unseen?: number; state?: string; waitsIn?: string[]; startTicks?: string } = {}): Look => ({
  parent: stat(10, options.state, options.startTicks),
  zombies: zombies.map((pid) => stat(pid, 'Z')),
  waitsIn: options.waitsIn ?? ['hrtimer_nanosleep'],
  unseen: options.unseen ?? 0,
  cpuSeconds: 0,
});
const judged = (first: Look, second: Look) => judge(10, '5', first, second);

test('is sure where the same zombies stay and the parent does not wait', () => {
  expect(judged(look([11, 12]), look([11, 12, 13]))).toMatchObject({
    says: 'DoesNotReap',
    confidence: 'high',
    zombies: [{ pid: 11 }, { pid: 12 }],
  });
});

test('is less sure where the parent waits for another child', () => {
  expect(judged(look([11]), look([11], { waitsIn: ['do_wait'] }))).toMatchObject({ says: 'DoesNotReap', confidence: 'medium' });
});

test('is less sure where the kernel does not show what the parent does', () => {
  expect(judged(look([11]), look([11], { waitsIn: [], unseen: 1 }))).toMatchObject({
    says: 'DoesNotReap',
    confidence: 'medium',
    doing: 'Unseen',
  });
});

test('does not take a slow parent for one that does not reap', () => {
  expect(judged(look([11, 12]), look([12]))).toMatchObject({ says: 'Reaps' });
  expect(judged(look([]), look([11]))).toMatchObject({ says: 'Reaps' });
});

test('can say nothing of one that is stopped, in uninterruptible sleep or dead', () => {
  for (const state of ['T', 't', 'D', 'Z']) expect(judged(look([11]), look([11], { state }))).toMatchObject({ says: 'CouldNotLook' });
});

test('sees that another process has taken the pid', () => {
  expect(judged(look([11]), look([11], { startTicks: '6' }))).toMatchObject({ says: 'Gone' });
});

test('leaves shims, daemons, kernel threads and init to others', () => {
  const of = (pid: number, comm: string, exe?: string, flags = 0) => notOurs({ ...stat(pid), comm, flags } as ProcStat, exe);
  expect(of(10, 'containerd-shim', '/usr/bin/containerd-shim-runc-v2')).toContain('containerd-shim-deadlock');
  expect(of(10, 'dockerd', '/usr/bin/dockerd')).toContain('daemon');
  expect(of(10, 'kthreadd', undefined, 0x200000)).toContain('kernel thread');
  expect(of(1, 'init')).toContain('init process');
  expect(of(10, 'sleep', '/usr/bin/sleep')).toBeUndefined();
});
