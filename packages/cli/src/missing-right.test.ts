import { expect, it } from 'vitest';
import { missingRight } from './missing-right.ts';

// Messages of a kube-apiserver 1.34.
it.each([
  [
    'recoveryapprovals.kdr.dev is forbidden: User "jane" cannot create resource "recoveryapprovals" in API group "kdr.dev" in the namespace "default"',
    'Missing right: create recoveryapprovals.kdr.dev in namespace default, for jane. A Role or ClusterRole gives it; `kubectl auth can-i create recoveryapprovals.kdr.dev -n default` shows whether you have it.',
  ],
  [
    'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
    'Missing right: list nodes, for jane. A Role or ClusterRole gives it; `kubectl auth can-i list nodes` shows whether you have it.',
  ],
  [
    'abnormals.kdr.dev "a" is forbidden: User "jane" cannot patch resource "abnormals/status" in API group "kdr.dev" in the namespace "x"',
    'Missing right: patch abnormals.kdr.dev/status in namespace x, for jane. A Role or ClusterRole gives it; `kubectl auth can-i patch abnormals.kdr.dev --subresource=status -n x` shows whether you have it.',
  ],
])('%s', (message, says) => expect(missingRight(message)).toBe(says));

it('says nothing of other refusals', () =>
  expect(missingRight('ValidatingAdmissionPolicy "kdr-own-node" with binding "kdr-own-node" denied request: no')).toBe(undefined));
