import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { jitteredBackoff } from './backoff.ts';
import { sleep, systemClock } from './clock.ts';
import type { KubernetesObject, ObjectMeta } from './kubernetes-object.ts';
import { mergePatch } from './merge-patch.ts';
import type { ResourceType } from './resource-type.ts';

/** How patient {@link patchStatus} and {@link patchMetadata} are. */
export interface PatchOptions {
  /** How often to read again and compute again after a conflict or a lost answer. 5 when left out. */
  retries?: number;
}

/** The parts of `metadata` that {@link patchMetadata} may change. */
export type EditableMetadata = Pick<ObjectMeta, 'labels' | 'annotations' | 'finalizers' | 'ownerReferences'>;

/**
 * Changes the status of an object without overwriting what others wrote: a merge patch of the status subresource with
 * the resourceVersion of the state that `compute` saw as precondition. On 409, and when the answer of a write was lost,
 * the object is read again and `compute` decides again; so it must be a pure function of what it is given, and a write
 * that did succeed unnoticed is recognised there (nothing is left to change).
 *
 * @param object what is known of it, for example from an informer: the first `compute` sees it.
 * @param compute gives the whole new status, or undefined if there is nothing to write. Keys that the new status lacks are removed.
 * @returns the object after the write, or as `compute` saw it last if there was nothing to write.
 * @throws ApiError NotFound if the object is gone, also when another of the same name has taken its place (other uid).
 */
export function patchStatus<T extends KubernetesObject & { status?: unknown }>(
  client: ApiClient,
  type: ResourceType,
  object: T,
  compute: (fresh: T) => T['status'] | undefined,
  options: PatchOptions = {},
): Promise<T> {
  return patchUntilCurrent(client, type, object, options, 'status', (fresh) => {
    const status = compute(fresh);
    const patch = status === undefined ? undefined : mergePatch(fresh.status, status);
    return patch === undefined ? undefined : { status: patch };
  });
}

/**
 * Changes labels, annotations, finalizers or owner references of an object, in the way of {@link patchStatus}.
 * @param compute gives those of the four that shall change, each of them whole.
 */
export function patchMetadata<T extends KubernetesObject>(
  client: ApiClient,
  type: ResourceType,
  object: T,
  compute: (fresh: T) => EditableMetadata | undefined,
  options: PatchOptions = {},
): Promise<T> {
  return patchUntilCurrent(client, type, object, options, undefined, (fresh) => {
    const wanted = compute(fresh);
    if (!wanted) return undefined;
    const present = Object.fromEntries(Object.keys(wanted).map((key) => [key, fresh.metadata?.[key as keyof EditableMetadata]]));
    const patch = mergePatch(present, wanted);
    return patch === undefined ? undefined : { metadata: patch };
  });
}

/** Waits between the rounds: long enough for another writer to finish, short beside a reconcile. */
const BACKOFF = { baseMs: 20, maxMs: 1_000 };

async function patchUntilCurrent<T extends KubernetesObject>(
  client: ApiClient,
  type: ResourceType,
  object: T,
  options: PatchOptions,
  subresource: 'status' | undefined,
  compute: (fresh: T) => { metadata?: unknown; status?: unknown } | undefined,
): Promise<T> {
  const retries = options.retries ?? 5;
  const { namespace, name = '', uid } = object.metadata ?? {};
  let fresh = object;
  for (let failures = 0; ;) {
    const change = compute(fresh);
    if (!change) return fresh;
    const body = { ...change, metadata: { ...(change.metadata as object | undefined), resourceVersion: fresh.metadata?.resourceVersion } };
    try {
      return await client.patch<T>(type, { namespace, name }, body, { type: 'merge', subresource });
    } catch (error) {
      failures += 1;
      if (failures > retries || !isWorthAnotherLook(error)) throw error;
    }
    // The first conflict says only that the caller's cache is behind: no reason to wait.
    if (failures > 1) await sleep(systemClock, jitteredBackoff(failures - 1, BACKOFF, Math.random));
    fresh = await client.get<T>(type, { namespace, name });
    if (uid && fresh.metadata?.uid !== uid) throw replaced(type, name);
  }
}

/** Somebody else wrote, or nobody knows whether we did. */
function isWorthAnotherLook(error: unknown): boolean {
  return error instanceof ApiError && (error.isConflict || error.isUnreachable);
}

function replaced(type: ResourceType, name: string): ApiError {
  const message = `The ${type.kind} ${name} was deleted; another one of this name exists now, which is not the one to write to.`;
  return new ApiError({ status: 404, reason: 'NotFound', message });
}
