import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES } from '@kdr/api-types';
import {
  type ApiClient,
  ApiError,
  type KubernetesObject,
  type Lease,
  type Logger,
  type Runnable,
  createController,
  createInformer,
  leaseType,
  objectKey,
  podType,
  runTogether,
} from '@kdr/controller-runtime';
import { readConfig } from './config.ts';
import { type TerminatingPod, deadline, nextStep } from './overdue.ts';

/** Name of the source. */
export const name = 'pod-terminating';
/** Where it runs: one for the cluster. */
export const place = 'cluster';

/** Label by which the Abnormals of one pod are found again, also after a restart. */
export const POD_LABEL = 'kdr.dev/terminating-pod';

/** What a source is given. */
export interface SourceDependencies {
  client: ApiClient;
  logger: Logger;
  env: Record<string, string | undefined>;
}

type Pod = TerminatingPod & KubernetesObject;

/** The fields that decide; the rest of a pod is not kept. */
function trimmed(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = pod.metadata;
  return { metadata: { name, namespace, uid, resourceVersion, deletionTimestamp }, spec: { nodeName: pod.spec?.nodeName } };
}

/**
 * Pods past their deletion deadline become an Abnormal `PodStuckTerminating`. Why a pod is stuck is the diagnosers' business. A node that
 * does not answer gives an Abnormal without nodeName: the master binds it elsewhere, and only cluster plugins are asked.
 */
export function createSource({ client, logger, env }: SourceDependencies): Runnable {
  const config = readConfig(env);
  const pods = createInformer<Pod>({ client, type: podType, transform: trimmed, logger });

  const nodeAnswers = async (node: string): Promise<boolean> => {
    const lease = await client.get<Lease>(leaseType, { namespace: 'kube-node-lease', name: node }).catch((error: unknown) => {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    });
    return Date.now() - Date.parse(lease?.spec?.renewTime ?? '') < config.nodeStaleMs;
  };

  const create = async (pod: Pod, name: string): Promise<void> => {
    const { namespace, uid } = pod.metadata;
    const node = pod.spec?.nodeName;
    const nodeName = node !== undefined && (await nodeAnswers(node)) ? node : undefined;
    const abnormal: Abnormal = {
      apiVersion: API_VERSION,
      kind: 'Abnormal',
      metadata: { name, namespace, labels: { [POD_LABEL]: uid, ...(nodeName === undefined ? {} : { [NODE_LABEL]: nodeName }) } },
      spec: { source: 'Custom', fault: 'PodStuckTerminating', nodeName, podReference: { namespace, name: pod.metadata.name, uid } },
    };
    await client.create(RESOURCES.Abnormal, abnormal).catch((error: unknown) => {
      if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
    });
    logger.info({ abnormal: name, pod: objectKey(pod), node }, 'a pod is stuck in Terminating');
  };

  const controller = createController({
    name,
    workers: 2,
    logger,
    reconcile: async (key) => {
      const pod = pods.get(key);
      const due = pod === undefined ? undefined : deadline(pod, config.slackMs);
      if (pod === undefined || due === undefined) return;
      if (Date.now() < due) return { requeueAfterMs: due - Date.now() };
      const { items } = await client.list<Abnormal>(RESOURCES.Abnormal, {
        namespace: pod.metadata.namespace,
        labelSelector: `${POD_LABEL}=${pod.metadata.uid}`,
      });
      const step = nextStep(pod, items, config, Date.now());
      if (step === undefined) return;
      if ('againInMs' in step) return { requeueAfterMs: step.againInMs };
      await create(pod, step.create);
      return { requeueAfterMs: config.againMs };
    },
  });
  controller.watch(pods);
  return { name, run: (signal) => runTogether([pods, controller], signal) };
}
