import type { Abnormal } from '@kdr/api-types';
import { RESOURCES } from '@kdr/api-types';
import { ApiError } from '@kdr/controller-runtime';
import type { ApiClient } from '@kdr/controller-runtime';

/** Milliseconds until a finished Abnormal is to be deleted; 0: now. */
export function timeToLiveMs({ spec, status }: Abnormal, defaultSeconds: number, now: number): number {
  const end = Date.parse(status?.completionTime ?? '');
  const ttlMs = (spec.ttlSecondsAfterFinished ?? defaultSeconds) * 1000;
  return Number.isNaN(end) ? ttlMs : Math.max(0, end + ttlMs - now);
}

/** Deletes this very object; another one of its name, or one that was changed meanwhile, stays. */
export async function deleteFinished(client: ApiClient, { metadata }: Abnormal): Promise<void> {
  const { namespace, name, uid, resourceVersion } = metadata;
  try {
    await client.delete(RESOURCES.Abnormal, { namespace, name }, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (!(error instanceof ApiError) || !(error.isNotFound || error.isConflict)) throw error;
  }
}
