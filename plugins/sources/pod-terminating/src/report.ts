import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES } from '@kdr/api-types';
import { type ApiClient, ApiError, type Lease, leaseType } from '@kdr/controller-runtime';
import type { Config } from './config.ts';
import { type TerminatingPod, abnormalName } from './overdue.ts';

/** Label by which the Abnormals of one pod are found again, also after a restart. */
export const POD_LABEL = 'kdr.dev/terminating-pod';

/** What was reported of a pod before, in its own namespace and where KDR itself lives. */
export async function earlierOf(client: ApiClient, pod: TerminatingPod, { namespace }: Config): Promise<Abnormal[]> {
  const places = [...new Set([pod.metadata.namespace, namespace])];
  const labelSelector = `${POD_LABEL}=${pod.metadata.uid}`;
  const lists = await Promise.all(places.map((place) => client.list<Abnormal>(RESOURCES.Abnormal, { namespace: place, labelSelector })));
  return lists.flatMap(({ items }) => items);
}

/**
 * Creates the Abnormal of an episode: beside its pod; where that namespace is being deleted, which takes nothing new and would take the Abnormal
 * with it, where KDR itself lives. One that is there already was created by another instance, or before a restart.
 * @param now the API server's clock, ms since the epoch
 * @returns `namespace/name`
 */
export async function report(client: ApiClient, pod: TerminatingPod, episode: number, config: Config, now: number): Promise<string> {
  const { namespace, uid, name: podName } = pod.metadata;
  const node = pod.spec?.nodeName;
  const nodeName = node !== undefined && (await nodeAnswers(client, node, config.nodeStaleMs, now)) ? node : undefined;
  const labels = { [POD_LABEL]: uid, ...(nodeName === undefined ? {} : { [NODE_LABEL]: nodeName }) };
  const name = abnormalName(uid, episode);
  const create = async (place: string): Promise<string> => {
    const abnormal: Abnormal = {
      ...{ apiVersion: API_VERSION, kind: 'Abnormal', metadata: { name, namespace: place, labels } },
      spec: { source: 'Custom', fault: 'PodStuckTerminating', nodeName, podReference: { namespace, name: podName, uid } },
    };
    await client.create(RESOURCES.Abnormal, abnormal).catch(ignoreExisting);
    return `${place}/${name}`;
  };
  return create(namespace).catch((error: unknown) => {
    if (isNamespaceTerminating(error) && namespace !== config.namespace) return create(config.namespace);
    throw error;
  });
}

/** Whether the kubelet of a node has renewed its Lease lately. Without an answer no agent can work there either. */
async function nodeAnswers(client: ApiClient, node: string, staleMs: number, now: number): Promise<boolean> {
  const lease = await client.get<Lease>(leaseType, { namespace: 'kube-node-lease', name: node }).catch((error: unknown) => {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  });
  return now - Date.parse(lease?.spec?.renewTime ?? '') < staleMs;
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
}

/** The admission plugin NamespaceLifecycle says so by a cause; a namespace that is gone meanwhile is as good. */
function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isNotFound || (error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false);
}
