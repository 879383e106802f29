import type { GoroutineDump } from '@kdr/goroutine-dump';
import type { SecondLook } from './verdict.ts';

/** The dump of a process that is judged, and an earlier one of the same process. */
export interface ProcessDumps {
  newest: GoroutineDump;
  earlier?: GoroutineDump;
  /** How many dumps of this process the text has. */
  count: number;
}

/**
 * Of each process the newest dump; a whole one before one that was cut, since a repeated write or a rotated log leaves fragments.
 * Processes are told apart by pid and bundle; a dump without a pid stands for itself.
 */
export function newestPerProcess(dumps: readonly GoroutineDump[]): ProcessDumps[] {
  const byProcess = new Map<string, GoroutineDump[]>();
  dumps.forEach((dump, index) => {
    const key = dump.pid === undefined ? `#${index}` : `${dump.pid} ${dump.fields['path'] ?? ''}`;
    byProcess.set(key, [...(byProcess.get(key) ?? []), dump]);
  });
  return [...byProcess.values()].flatMap((own) => {
    const newest = own.findLast((dump) => dump.complete) ?? own.at(-1);
    if (!newest) return [];
    const earlier = own.slice(0, own.indexOf(newest)).findLast((dump) => dump.complete);
    return [{ newest, ...(earlier ? { earlier } : {}), count: own.length }];
  });
}

/** The newest dump as the second look at the earlier one, where both name their time. */
export function asSecondLook({ newest, earlier }: ProcessDumps): { first: GoroutineDump; second: SecondLook } | undefined {
  if (!earlier) return undefined;
  const secondsLater = (Date.parse(newest.time ?? '') - Date.parse(earlier.time ?? '')) / 1000;
  return secondsLater > 0 ? { first: earlier, second: { dump: newest, secondsLater } } : undefined;
}
