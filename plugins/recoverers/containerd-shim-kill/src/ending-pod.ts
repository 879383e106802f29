import { KdrError, type PlanContext } from '@kdr/plugin-sdk';
import { PodFacts } from './pod-facts.ts';
import type { ShimFacts } from './shim-facts.ts';

/**
 * On top of the deletion deadline, which already contains the grace period. Both times are the control plane's, so this only has to cover how far the
 * clocks of its API servers are apart, and a kubelet that is about to do its work.
 */
const SLACK_MS = 15_000;

/** Whether the pod of a shim is meant to be gone. `uid`: yes, that one. `not`: why that can't be said. */
export type EndingPod = { uid: string } | { not: string };

type Asking = Pick<PlanContext<never>, 'collect' | 'abnormal'>;

/**
 * Asks the collector `pod`, now, whether the pod that **all** of the shim's containers belong to is Terminating past its deadline. Which pod that
 * is says the container runtime; the collector answers for the pod that the Abnormal names, and counts only if it is the same one.
 * @throws KdrError KDR_COLLECT_FAILED where the collector was asked and could not look: trying again may help
 */
export async function endingPod({ tasks }: Pick<ShimFacts, 'tasks'>, { collect, abnormal }: Asking): Promise<EndingPod> {
  const uid = tasks[0]?.pod?.uid;
  if (uid === undefined || tasks.some(({ pod }) => pod?.uid !== uid)) return { not: 'its containers are not known to be of one pod' };
  if (abnormal.spec.podReference?.uid !== uid) return { not: `the Abnormal does not name its pod, ${uid}` };
  try {
    return judge(uid, await collect('pod', {}, PodFacts));
  } catch (error) {
    if (!(error instanceof KdrError) || error.code !== 'KDR_COLLECT_UNAVAILABLE') throw error;
    return { not: `whether pod ${uid} is Terminating is not known: ${error.message}` };
  }
}

/**
 * Pure. A pod that is gone proves nothing: it was looked for under a name that the Abnormal gave, and the containers of a static pod carry a uid
 * that no pod has.
 */
export function judge(uid: string, { uid: found, gone, deletionTimestamp, now }: PodFacts): EndingPod {
  if (found !== uid) return { not: `the collector pod answered for ${found}, not for ${uid}` };
  if (gone) return { not: `no pod ${uid} is known under the name that the Abnormal gives` };
  if (deletionTimestamp === undefined) return { not: `pod ${uid} is not being deleted` };
  const late = Date.parse(now) - Date.parse(deletionTimestamp);
  if (late > SLACK_MS) return { uid };
  return { not: `pod ${uid} is Terminating, but not ${SLACK_MS / 1000} s past its deadline ${deletionTimestamp} (it is ${now})` };
}
