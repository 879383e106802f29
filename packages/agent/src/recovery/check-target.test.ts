import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createProcfs, processIdentity } from '@kdr/linux';
import type { TargetIdentity } from '@kdr/api-types';
import { expect, it } from 'vitest';
import { checkTarget } from './check-target.ts';

const procfs = createProcfs();
const sees = (target: TargetIdentity) => checkTarget(procfs, target).sees;
const processOf = (pid: number, more = {}) => ({ bootId: procfs.bootId(), pid, startTicks: '1', ...processIdentity(procfs, pid), ...more });

it('knows a process that runs from one that took its pid and one that is gone', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const process = processOf(child.pid ?? 0);
  expect(sees({ kind: 'Process', process })).toBe('same');
  expect(sees({ kind: 'Container', container: { runtime: 'containerd', id: 'c' }, process })).toBe('same');
  expect(sees({ kind: 'Process', process: { ...process, startTicks: '1' } })).toBe('gone');
  expect(sees({ kind: 'Process', process: { ...process, bootId: 'another' } })).toBe('gone');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(sees({ kind: 'Process', process })).toBe('gone');
});

it('denies init and the agent itself, whatever else is right', () => {
  expect([1, process.pid].map((pid) => sees({ kind: 'Process', process: processOf(pid) }))).toEqual(['denied', 'denied']);
});

it('knows a node from the same one in another boot', () => {
  expect(sees({ kind: 'Node', node: { uid: 'u', bootId: procfs.bootId() } })).toBe('same');
  expect(sees({ kind: 'Node', node: { uid: 'u', bootId: 'before' } })).toBe('gone');
});
