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

/** What to do about an overdue pod: create the Abnormal of that name, look again later, or nothing any more. */
export type Step = { create: string } | { againInMs: number } | undefined;

/** One Abnormal per pod uid and episode: another while it is still stuck after `againMs`, and `episodes` in all. */
export function nextStep(
  pod: TerminatingPod,
  earlier: readonly Abnormal[],
  config: { againMs: number; episodes: number },
  now: number,
): Step {
  if (earlier.length >= config.episodes) return undefined;
  if (earlier.some((abnormal) => !isTerminal(abnormal.status?.phase))) return { againInMs: config.againMs };
  const finished = Math.max(...earlier.map((abnormal) => Date.parse(abnormal.status?.completionTime ?? '') || 0), 0);
  const left = finished + config.againMs - now;
  return earlier.length > 0 && left > 0 ? { againInMs: left } : { create: `pod-terminating-${pod.metadata.uid}-${earlier.length + 1}` };
}
