import type { Abnormal } from '@kdr/api-types';
import { RESOURCES } from '@kdr/api-types';
import type { PolicyDecision } from '@kdr/api-types/match';
import { ApiError } from '@kdr/controller-runtime';
import type { ApiClient } from '@kdr/controller-runtime';

/** Milliseconds until a finished Abnormal is to be deleted; 0: now. */
export function timeToLiveMs({ spec, status }: Abnormal, defaultSeconds: number, now: number): number {
  const end = Date.parse(status?.completionTime ?? '');
  const ttlMs = (spec.ttlSecondsAfterFinished ?? defaultSeconds) * 1000;
  return Number.isNaN(end) ? ttlMs : Math.max(0, end + ttlMs - now);
}

/**
 * Milliseconds for which the record of what was done is still needed, however short the time to live is: the gate's cool-down and loop breaker know
 * nothing but these records, so a `ttlSecondsAfterFinished: 0` must not let KDR act on one target again and again. Deleting it by hand still does.
 */
export function ledgerMs({ status }: Abnormal, { coolDownSeconds, loopBreaker }: LedgerTimes, now: number): number {
  const last = Math.max(...(status?.recovery?.attempts ?? []).map(({ intentAt }) => Date.parse(intentAt)), -Infinity);
  return Math.max(0, last + Math.max(coolDownSeconds, loopBreaker.windowSeconds) * 1000 - now);
}
type LedgerTimes = Pick<PolicyDecision, 'coolDownSeconds' | 'loopBreaker'>;

/** Deletes this very object; another one of its name, or one that was changed meanwhile, stays. */
export async function deleteFinished(client: ApiClient, { metadata }: Abnormal): Promise<void> {
  const { namespace, name, uid, resourceVersion } = metadata;
  try {
    await client.delete(RESOURCES.Abnormal, { namespace, name }, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (!(error instanceof ApiError) || !(error.isNotFound || error.isConflict)) throw error;
  }
}
