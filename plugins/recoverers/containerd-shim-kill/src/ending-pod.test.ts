import { KdrError } from '@kdr/plugin-sdk';
import { expect, test, vi } from 'vitest';
import { endingPod, judge } from './ending-pod.ts';
import type { Task } from './shim-facts.ts';

const uid = 'u';
const past = { uid, gone: false, deletionTimestamp: '2026-01-01T12:00:00Z', now: '2026-01-01T12:00:16.000Z' };
const task = (id: string, pod?: string): Task => ({
  id,
  bundle: `/run/${id}`,
  init: 'Running',
  ...(pod !== undefined && { pod: { uid: pod } }),
});
const asking = (answer: object | Error, named = uid) => ({
  collect: vi.fn(() => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer))) as never,
  abnormal: { spec: { podReference: { namespace: 'n', name: 'p', uid: named } } } as never,
});

test('says yes to a pod that is past its deadline by the API server’s own clock', () => {
  expect(judge(uid, past)).toEqual({ uid });
});

test.each([
  ['is not being deleted', { deletionTimestamp: undefined }],
  ['not 15 s past its deadline', { now: '2026-01-01T12:00:15.000Z' }],
  ['not 15 s past its deadline', { now: '2026-01-01T11:59:50.000Z' }],
  ['not 15 s past its deadline', { now: 'nonsense' }],
  ['no pod u is known', { gone: true }],
  ['answered for another', { uid: 'another' }],
])('says no: %s', (why, more) => {
  expect(judge(uid, { ...past, ...more })).toEqual({ not: expect.stringContaining(why) });
});

test('takes the pod from the container runtime, never from the Abnormal: another one is not even asked about', async () => {
  for (const [tasks, named] of [
    [[task('a', uid)], 'another'],
    [[task('a', uid), task('b', 'another')], uid],
    [[task('a', uid), task('b')], uid],
    [[task('a')], uid],
    [[], uid],
  ] as const) {
    const context = asking(past, named);
    expect(await endingPod({ tasks: [...tasks] }, context)).toHaveProperty('not');
    expect(context.collect).not.toHaveBeenCalled();
  }
  expect(await endingPod({ tasks: [task('sandbox', uid), task('app', uid)] }, asking(past))).toEqual({ uid });
});

test('knows nothing where no collector pod is registered, and fails where one could not look', async () => {
  const shim = { tasks: [task('a', uid)] };
  const absent = new KdrError('KDR_COLLECT_UNAVAILABLE', 'no collector pod is registered');
  expect(await endingPod(shim, asking(absent))).toEqual({ not: expect.stringContaining('no collector pod is registered') });
  const failed = new KdrError('KDR_COLLECT_FAILED', 'collector pod: Failed: the API server does not answer');
  await expect(endingPod(shim, asking(failed))).rejects.toBe(failed);
});
