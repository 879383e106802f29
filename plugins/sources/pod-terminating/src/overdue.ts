import { type Abnormal, isTerminal } from '@kdr/api-types';

/** The part of a Pod that tells whether it is stuck. */
export interface TerminatingPod {
  metadata: { name: string; namespace: string; uid: string; deletionTimestamp?: string };
  spec?: { nodeName?: string };
}

/** When a pod counts as stuck in Terminating (ms since the epoch), or undefined if it is not being deleted. deletionTimestamp already contains the grace period. */
export function deadline(pod: TerminatingPod, slackMs: number): number | undefined {
  const time = Date.parse(pod.metadata.deletionTimestamp ?? '');
  return Number.isNaN(time) ? undefined : time + slackMs;
}

/** What to do about an overdue pod: create the Abnormal of that episode, look again later, or nothing any more. */
export type Step = { create: number } | { againInMs: number } | undefined;

/** Name of the Abnormal of an episode: the same whoever creates it, so that two instances and a restart make no second one. */
export function abnormalName(uid: string, episode: number): string {
  return `pod-terminating-${uid}-${episode}`;
}

/** One Abnormal per pod uid and episode: another while it is still stuck after `againMs`, and `episodes` in all, whoever deletes one in between. */
export function nextStep(
  pod: TerminatingPod,
  earlier: readonly Abnormal[],
  config: { againMs: number; episodes: number },
  now: number,
): Step {
  const last = Math.max(0, ...earlier.map(({ metadata }) => episodeOf(pod.metadata.uid, metadata.name)));
  if (last >= config.episodes) return undefined;
  if (earlier.some((abnormal) => !isTerminal(abnormal.status?.phase))) return { againInMs: config.againMs };
  const finished = Math.max(...earlier.map((abnormal) => Date.parse(abnormal.status?.completionTime ?? '') || 0), 0);
  const left = finished + config.againMs - now;
  return earlier.length > 0 && left > 0 ? { againInMs: left } : { create: last + 1 };
}

function episodeOf(uid: string, name: string): number {
  const number = name.startsWith(abnormalName(uid, 0).slice(0, -1)) ? Number(name.slice(abnormalName(uid, 0).length - 1)) : 0;
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}
