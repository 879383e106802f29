import { expect, it } from 'vitest';
import { isOf } from './question.ts';

const task = { pod: { namespace: 'shop', name: 'web-0', uid: 'u1' }, containerName: 'main' };

it.each([
  { namespace: 'shop', name: 'web-0' },
  { namespace: 'shop', name: 'web-0', uid: 'u1' },
  { namespace: 'shop', name: 'web-0', uid: 'u1', container: 'main' },
])('a container is of the pod $namespace/$name $uid $container', (pod) => {
  expect(isOf(task, pod)).toBe(true);
});

it.each([
  { why: 'another’s uid behind a name of one’s own', pod: { namespace: 'mine', name: 'own', uid: 'u1' } },
  { why: 'another namespace', pod: { namespace: 'mine', name: 'web-0', uid: 'u1' } },
  { why: 'a pod that has the name by now', pod: { namespace: 'shop', name: 'web-0', uid: 'u2' } },
  { why: 'another container of it', pod: { namespace: 'shop', name: 'web-0', container: 'sidecar' } },
])('and not of: $why', ({ pod }) => {
  expect(isOf(task, pod)).toBe(false);
});

it('a container whose pod nobody names is of none', () => {
  expect(isOf({ pod: { uid: 'u1' } }, { namespace: 'shop', name: 'web-0', uid: 'u1' })).toBe(false);
  expect(isOf({}, { namespace: 'shop', name: 'web-0' })).toBe(false);
});
