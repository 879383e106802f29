import type { Registry } from 'prom-client';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { objectKey } from './kubernetes-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import type { Selection } from './list-pages.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';
import { counterIn, gaugeIn } from './metrics.ts';
import { createObjectStore } from './object-store.ts';
import type { IndexFunction } from './object-store.ts';
import { createReflector } from './reflector.ts';
import { apiVersionOf } from './resource-type.ts';
import type { ResourceType } from './resource-type.ts';

/** What happened to an object, seen from the cache. `deleted` carries its last known state. */
export type Change<T> =
  { kind: 'added'; object: T; old?: undefined } | { kind: 'updated'; object: T; old: T } | { kind: 'deleted'; object: T; old?: undefined };

/** A cache of one collection that follows the API server. Objects in it are shared: treat them as read-only. */
export interface Informer<T extends KubernetesObject> {
  readonly type: ResourceType;
  /** Follows the API server until the signal aborts. May be called once. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the first list is in the cache; rejects (ApiError `Aborted`) if the informer stops before that. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  /** By `namespace/name`, or `name` for cluster-scoped kinds. */
  get(key: string): T | undefined;
  list(): T[];
  /** Keeps objects findable by the values that `fn` gives. */
  addIndex(name: string, fn: IndexFunction<T>): void;
  byIndex(name: string, value: string): T[];
  /**
   * Calls back for every change, and at once with `added` for what the cache has already. An object that was deleted and
   * created again under the same name is `deleted` and `added`, even if the deletion itself was missed. A handler that
   * throws or rejects is logged and counted; the others still get the change. Put keys into a queue here, do not work here.
   * @returns a function that ends the callbacks.
   */
  onChange(handler: (change: Change<T>) => void): () => void;
}

/** What {@link createInformer} needs. */
export interface InformerOptions<T> extends Selection {
  client: ApiClient;
  type: ResourceType;
  /** Makes objects smaller before they are kept. `managedFields` is dropped anyway. Must keep `metadata` name, namespace, uid, resourceVersion. */
  transform?: (object: T) => T;
  logger?: Logger;
  /** Receives informer_objects, informer_handler_errors_total and the reflector's counters. */
  metrics?: Registry;
  clock?: Clock;
  random?: () => number;
  /** See `WatchOptions`. */
  idleTimeoutMs?: number;
  maxLineBytes?: number;
}

/** A cache that starts to fill when it is run. */
export function createInformer<T extends KubernetesObject>(options: InformerOptions<T>): Informer<T> {
  const { client, type, transform, metrics, clock = systemClock, random = Math.random, ...rest } = options;
  const logger = options.logger ?? silentLogger();
  const store = createObjectStore<T>();
  const handlers = new Set<(change: Change<T>) => void>();
  const resource = type.plural;
  const apiVersion = apiVersionOf(type);
  const objects = gaugeIn(metrics, 'informer_objects', 'Objects in the cache of an informer.', ['resource']);
  const errors = counterIn(metrics, 'informer_handler_errors_total', 'Exceptions of change handlers, transforms and index functions.', [
    'resource',
  ]);
  const sync = Promise.withResolvers<void>();
  // Nobody has to wait for it.
  sync.promise.catch(() => undefined);
  let hasSynced = false;
  let started = false;
  let unseen = new Set<string>();

  const report = (err: unknown, what: string): void => {
    errors?.inc({ resource });
    logger.error({ err, resource }, what);
  };
  const tell = (handler: (change: Change<T>) => void, change: Change<T>): void => {
    try {
      const result: unknown = handler(change);
      if (result instanceof Promise) result.catch((error: unknown) => report(error, 'a change handler rejected'));
    } catch (error) {
      report(error, 'a change handler threw');
    }
  };
  const tellAll = (change: Change<T>): void => {
    for (const handler of handlers) tell(handler, change);
  };

  const keep = (key: string, incoming: T): void => {
    const old = store.get(key);
    const sameObject = old !== undefined && old.metadata?.uid === incoming.metadata?.uid;
    if (sameObject && old.metadata?.resourceVersion === incoming.metadata?.resourceVersion) return;
    const object = trim(incoming, { apiVersion, kind: type.kind }, transform);
    if (!sameObject) drop(key);
    store.set(key, object);
    objects?.set({ resource }, store.size);
    tellAll(sameObject ? { kind: 'updated', object, old } : { kind: 'added', object });
  };
  const drop = (key: string, last?: T): void => {
    const old = store.get(key);
    if (!old) return;
    store.delete(key);
    objects?.set({ resource }, store.size);
    // The final state matters to some (a Pod's exit code), unless it is that of another object of this name.
    const object = last && last.metadata?.uid === old.metadata?.uid ? trim(last, { apiVersion, kind: type.kind }, transform) : old;
    tellAll({ kind: 'deleted', object });
  };
  /** One object that a transform or an index function cannot stand must not stop the others. */
  const isolated = (object: T, act: (key: string) => void): boolean => {
    const name = object?.metadata?.name;
    if (!name) return false;
    try {
      act(objectKey(object));
    } catch (error) {
      report(error, `${type.kind} ${name} could not be taken into the cache`);
    }
    return true;
  };

  const reflector = createReflector<T>({
    ...rest,
    client,
    type,
    logger,
    metrics,
    clock,
    random,
    sink: {
      beginList: () => (unseen = new Set(store.keys())),
      listed: (object) =>
        isolated(object, (key) => {
          unseen.delete(key);
          keep(key, object);
        }),
      endList: () => {
        for (const key of unseen) drop(key);
        unseen = new Set();
        // Also where there is nothing: that is known now.
        objects?.set({ resource }, store.size);
        hasSynced = true;
        sync.resolve();
      },
      changed: (kind, object) => isolated(object, (key) => (kind === 'DELETED' ? drop(key, object) : keep(key, object))),
    },
  });

  return {
    type,
    run: async (signal) => {
      if (started) throw new TypeError(`The informer of ${resource} runs already or has run: make another one.`);
      started = true;
      await reflector.run(signal);
      if (!hasSynced)
        sync.reject(
          new ApiError({ status: 0, reason: 'Aborted', message: `The informer of ${resource} was stopped before it had listed anything.` }),
        );
    },
    synced: sync.promise,
    get hasSynced() {
      return hasSynced;
    },
    get: store.get,
    list: store.list,
    addIndex: store.addIndex,
    byIndex: store.byIndex,
    onChange: (handler) => {
      for (const object of store.list()) tell(handler, { kind: 'added', object });
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
  };
}

/** Lists of built-in kinds leave apiVersion and kind out of their items; managedFields is often half of an object and of no use here. */
function trim<T extends KubernetesObject>(
  object: T,
  names: { apiVersion: string; kind: string },
  transform: ((object: T) => T) | undefined,
): T {
  object.apiVersion ??= names.apiVersion;
  object.kind ??= names.kind;
  if (object.metadata) delete (object.metadata as { managedFields?: unknown }).managedFields;
  return transform ? transform(object) : object;
}
