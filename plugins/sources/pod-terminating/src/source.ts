import {
  type ApiClient,
  type KubernetesObject,
  type Logger,
  type Runnable,
  createController,
  createInformer,
  objectKey,
  podType,
  runTogether,
} from '@kdr/controller-runtime';
import { readConfig } from './config.ts';
import { type TerminatingPod, deadline, nextStep } from './overdue.ts';
import { earlierOf, report } from './report.ts';

/** Name of the source. */
export const name = 'pod-terminating';
/** Where it runs: one for the cluster. */
export const place = 'cluster';

/** What a source is given. */
export interface SourceDependencies {
  client: ApiClient;
  logger: Logger;
  env: Record<string, string | undefined>;
}

type Pod = TerminatingPod & KubernetesObject;

/** Set by the kubelet on the Pod that shows a static pod of its node. */
const MIRROR = 'kubernetes.io/config.mirror';

/**
 * The fields that decide; the rest of a pod is not kept. The mirror of a static pod counts as not being deleted: the kubelet makes it again under
 * another uid, and none of these uids is one that the node's containers carry.
 */
function trimmed(pod: Pod): Pod {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = pod.metadata;
  const mirror = (pod as KubernetesObject).metadata?.annotations?.[MIRROR] !== undefined;
  const metadata = { name, namespace, uid, resourceVersion, ...(!mirror && { deletionTimestamp }) };
  return { metadata, spec: { nodeName: pod.spec?.nodeName } };
}

/**
 * Pods past their deletion deadline become an Abnormal `PodStuckTerminating`. Why a pod is stuck is the diagnosers' business. A node that
 * does not answer gives an Abnormal without nodeName: the master binds it elsewhere, and only cluster plugins are asked.
 */
export function createSource({ client, logger, env }: SourceDependencies): Runnable {
  const config = readConfig(env);
  const pods = createInformer<Pod>({ client, type: podType, transform: trimmed, logger });
  const controller = createController({
    name,
    workers: 2,
    logger,
    reconcile: async (key) => {
      const pod = pods.get(key);
      const due = pod === undefined ? undefined : deadline(pod, config.slackMs);
      if (pod === undefined || due === undefined) return;
      // Asked only where this machine's clock says that it may be time: most pods are gone long before.
      if (Date.now() < due) return { requeueAfterMs: due - Date.now() };
      const now = (await client.serverTime()).getTime();
      if (now < due) return { requeueAfterMs: due - now };
      const step = nextStep(pod, await earlierOf(client, pod, config), config, now);
      if (step === undefined) return;
      if ('againInMs' in step) return { requeueAfterMs: step.againInMs };
      const abnormal = await report(client, pod, step.create, config, now);
      logger.info({ abnormal, pod: objectKey(pod), node: pod.spec?.nodeName }, 'a pod is stuck in Terminating');
      return { requeueAfterMs: config.againMs };
    },
  });
  controller.watch(pods);
  return { name, run: (signal) => runTogether([pods, controller], signal) };
}
