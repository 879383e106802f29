import type { ResourceType } from '@kdr/controller-runtime';
import { type Check, failed, off, ok } from './check.ts';
import type { Seen } from './reader.ts';

const apps = (kind: string, plural: string): ResourceType => ({ group: 'apps', version: 'v1', kind, plural, namespaced: true });
/** apps/v1 Deployment. */
export const DEPLOYMENT = apps('Deployment', 'deployments');
/** apps/v1 DaemonSet. */
export const DAEMON_SET = apps('DaemonSet', 'daemonsets');

/** A Deployment, as far as it is looked at. */
export interface Deployment {
  metadata: { name: string; generation?: number };
  spec: { replicas?: number };
  status?: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number };
}

/** One replica that is available and new, for each that is wanted; undefined where there is no such Deployment. */
export function checkDeployment(name: string, namespace: string, seen: Seen<Deployment>): Check | undefined {
  const title = `deployment ${name}`;
  if (seen.state === 'absent') return undefined;
  if (seen.state === 'denied') return off(title, `not looked at: ${seen.message}`);
  const { metadata, spec, status = {} } = seen.value;
  const wanted = spec.replicas ?? 1;
  const available = status.availableReplicas ?? 0;
  const next = `kubectl -n ${namespace} rollout status deployment/${name}`;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0) || (status.updatedReplicas ?? 0) < wanted)
    return failed(title, `${status.updatedReplicas ?? 0} of ${wanted} replicas are of the current version`, next);
  if (available < wanted) return failed(title, `${available} of ${wanted} replicas are available`, next);
  return ok(title, `${available} of ${wanted} replicas are available`);
}

/** A DaemonSet, as far as it is looked at. */
export interface DaemonSet {
  metadata: { name: string };
  spec: { template: { spec: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] } } };
  status?: { desiredNumberScheduled?: number; numberAvailable?: number };
}

/** core/v1 Toleration. */
export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
}
/** core/v1 Taint. */
export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** Whether a pod with these tolerations may be placed on a node with this taint (core/v1, ToleratesTaint). */
export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  if (taint.effect === 'PreferNoSchedule') return true;
  return tolerations.some(
    ({ key = '', operator = 'Equal', value = '', effect = '' }) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' ? operator === 'Exists' : key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}
