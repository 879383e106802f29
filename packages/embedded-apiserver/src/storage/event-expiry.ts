import type { KubernetesObject } from '../api/object.ts';
import { storageOf } from '../resources/builtin-resources.ts';
import type { ObjectStore } from './object-store.ts';

/** Events live an hour after they were written last, as with kube-apiserver's --event-ttl. */
export const eventLifetimeMilliseconds = 3_600_000;
/** One pass removes at most so many, so that it never holds the server up. */
const maximumPerPass = 1_000;

/** Stages the removal of Events that have expired at time `now`; returns how many. */
export function expireEvents(store: ObjectStore, now: number): number {
  const old = store
    .list(storageOf.events)
    .filter(({ at }) => now - at > eventLifetimeMilliseconds)
    .slice(0, maximumPerPass);
  for (const { json } of old) store.remove(storageOf.events, JSON.parse(json) as KubernetesObject);
  return old.length;
}
