import type { TargetIdentity } from '@kdr/plugin-sdk';
import { expect, test } from 'vitest';
import { type Below, isAlive } from './below-shim.ts';
import { blastRadius } from './blast-radius.ts';
import type { ShimFacts, Task } from './shim-facts.ts';

const identity = (pid: number) => ({ bootId: 'b', pid, startTicks: '5' });
const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  bundle: `/run/${id}`,
  init: 'Zombie',
  initIdentity: identity(11),
  ...more,
});
const shim = (...tasks: Task[]): ShimFacts => ({ identity: identity(10), exe: '/usr/bin/containerd-shim', api: 'v2', tasks });
const below = (more: Partial<Below> = {}): Below => ({ pid: 11, comm: 'app', startTicks: '5', alive: false, stuck: false, ...more });
const target: TargetIdentity = { kind: 'Process', process: identity(10), container: { runtime: 'containerd', id: 'a' } };
const ofPod: TargetIdentity = { ...target, pod: { namespace: 'n', name: 'p', uid: 'u' } };

test('lets a shim be killed whose only container has ended', () => {
  expect(blastRadius(shim(task('a')), target, [below()])).toMatchObject({ tasks: [{ id: 'a' }], running: [] });
  expect(blastRadius(shim(task('a', { init: 'Gone', initIdentity: undefined })), target, [])).toMatchObject({ running: [] });
});

test('counts a container as running by a fresh look, whatever was said of it before', () => {
  // The collector said Zombie; a fresh look says that it is alive.
  expect(blastRadius(shim(task('a')), target, [below({ alive: true })])).toMatchObject({
    ...{ running: [{ id: 'a' }], whyRunning: expect.stringContaining('its init 11 (app) runs') },
  });
});

test('counts as running what it does not know to have ended', () => {
  expect(blastRadius(shim(task('a', { init: 'Unknown', initIdentity: undefined })), target, [])).toHaveProperty('running.0.id', 'a');
  const orphan = below({ pid: 12, alive: true, containerId: 'a' });
  expect(blastRadius(shim(task('a', { init: 'Gone', initIdentity: undefined })), target, [orphan])).toHaveProperty('running.0.id', 'a');
  // Another process with the pid of the init proves nothing.
  expect(blastRadius(shim(task('a')), target, [below({ startTicks: '6' })])).toHaveProperty('running.0.id', 'a');
});

test('refuses a shim that serves anything else', () => {
  expect(blastRadius(shim(task('a'), task('b')), target, [])).toMatchObject({ refused: expect.stringContaining('container b') });
  const stranger = below({ pid: 13, alive: true, containerId: 'c' });
  expect(blastRadius(shim(task('a')), target, [below(), stranger])).toMatchObject({
    refused: expect.stringContaining('another container, c'),
  });
});

test('lets a shim that serves one pod be killed for that pod, and for no other', () => {
  const pod = { uid: 'u' };
  expect(blastRadius(shim(task('a', { pod }), task('b', { pod })), ofPod, [below()])).toMatchObject({
    tasks: [{ id: 'a' }, { id: 'b' }],
  });
  expect(blastRadius(shim(task('a', { pod }), task('b', { pod: { uid: 'v' } })), ofPod, [below()])).toHaveProperty('refused');
  expect(blastRadius(shim(task('a', { pod }), task('b')), ofPod, [below()])).toHaveProperty('refused');
});

test('refuses while anything below it is in uninterruptible sleep', () => {
  expect(blastRadius(shim(task('a')), target, [below(), below({ pid: 14, stuck: true })])).toMatchObject({
    refused: expect.stringContaining('state D'),
  });
});

test('refuses a shim of which nobody knows what it serves while something runs below it', () => {
  expect(blastRadius(shim(), target, [below({ alive: true })])).toHaveProperty('refused');
  expect(blastRadius(shim(), target, [below()])).toMatchObject({ tasks: [] });
});

test('tells who still runs', () => {
  expect(isAlive({ state: 'S', flags: 0x400100, numThreads: 1 })).toBe(true);
  expect(isAlive({ state: 'Z', flags: 0x40010c, numThreads: 1 })).toBe(false);
  expect(isAlive({ state: 'Z', flags: 0x40010c, numThreads: 2 })).toBe(true);
  expect(isAlive({ state: 'S', flags: 0x40010c, numThreads: 1 })).toBe(false);
});
