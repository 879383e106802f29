import { type Abnormal, isTerminal } from '@kdr/api-types';

/** Label by which the Abnormals of one parent are found again, also after a restart. */
export const PARENT_LABEL = 'kdr.dev/unreaped-parent';

/** Which parent: pid and start, within one boot. */
export function parentLabel(parent: { pid: number; startTicks: string }, bootId: string): string {
  return `${parent.pid}-${parent.startTicks}-${bootId.slice(0, 8)}`;
}

/**
 * The name of the Abnormal to create for a parent, or undefined: one is still open, or one has finished a short while ago. Names count the
 * episodes, so that two sources, or one before and after a restart, ask for the same one.
 */
export function nextEpisode(label: string, earlier: readonly Abnormal[], quietMs: number, now: number): string | undefined {
  if (earlier.some((abnormal) => !isTerminal(abnormal.status?.phase))) return undefined;
  const finished = Math.max(...earlier.map((abnormal) => Date.parse(abnormal.status?.completionTime ?? '') || 0), 0);
  if (now - finished < quietMs) return undefined;
  return `unreaped-children-${label}-${earlier.length + 1}`;
}
