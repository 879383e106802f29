import type { Abnormal } from '@kdr/api-types';
import { AGENT_FINALIZER, NODE_LABEL, RESOURCES, isTerminal } from '@kdr/api-types';
import { createInformer } from '@kdr/controller-runtime';
import type { ApiClient, Informer, Logger } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';

/**
 * The Abnormals of one node; the API server sends no others.
 * @param selectBy `field`: `.spec.nodeName`, Kubernetes ≥ 1.31. `label`: what the master sets for older ones.
 */
export function createAbnormalCache(
  { client, logger, registry }: { client: ApiClient; logger: Logger; registry: Registry },
  node: string,
  selectBy: 'field' | 'label',
): Informer<Abnormal> {
  const selection = selectBy === 'field' ? { fieldSelector: `spec.nodeName=${node}` } : { labelSelector: `${NODE_LABEL}=${node}` };
  return createInformer<Abnormal>({ client, type: RESOURCES.Abnormal, ...selection, logger, metrics: registry, transform: withoutHistory });
}

/** Of a finished Abnormal only its end and its time to live matter here: a node may have thousands of them. */
function withoutHistory(abnormal: Abnormal): Abnormal {
  if (!isTerminal(abnormal.status?.phase) || abnormal.metadata.finalizers?.includes(AGENT_FINALIZER)) return abnormal;
  const { name, namespace, uid, resourceVersion } = abnormal.metadata;
  const { source, fault, nodeName, ttlSecondsAfterFinished } = abnormal.spec;
  const { phase, completionTime } = abnormal.status ?? {};
  return {
    apiVersion: abnormal.apiVersion,
    kind: abnormal.kind,
    metadata: { name, namespace, uid, resourceVersion },
    spec: { source, fault, nodeName, ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }) },
    status: { phase, ...(completionTime !== undefined && { completionTime }) },
  };
}
