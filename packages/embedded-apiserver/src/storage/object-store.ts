import type { KubernetesObject } from '../api/object.ts';
import { internalError, tooLarge } from '../api/status-error.ts';
import { ChangeLog, defaultLogLimits } from './change-log.ts';
import type { Change, ChangeLogLimits, StoredRecord } from './change-log.ts';
import type { StateDatabase } from './state-database.ts';

/** etcd's limit for a request (--max-request-bytes): what is stored here can be stored there. */
const maximumObjectBytes = 1.5 * 1024 * 1024;

interface Batch {
  changes: Change[];
  done: PromiseWithResolvers<void>;
}

interface Collection {
  records: Map<string, StoredRecord>;
  /** How many objects each namespace has. */
  counts: Map<string, number>;
  /** Keys in order, made when a list asks and dropped when a key comes or goes. */
  sorted: string[] | undefined;
}

/**
 * The objects of all resources: SQLite is the durable log, memory the current state. Writes are staged at once, visible to
 * later writes at once (that is what finds conflicts), and committed together at the end of the turn of the event loop;
 * nobody is answered before `committed()`. A commit that fails takes every staged write of its batch back.
 */
export class ObjectStore {
  readonly #database: StateDatabase;
  readonly #collections = new Map<string, Collection>();
  readonly #log: ChangeLog;
  readonly #listeners: ((changes: readonly Change[]) => void)[] = [];
  readonly #now: () => number;
  #staged = 0;
  #committed = 0;
  #batch: Batch | undefined;
  #closed = false;

  constructor(database: StateDatabase, now: () => number, limits: ChangeLogLimits = defaultLogLimits) {
    this.#database = database;
    this.#now = now;
    this.#log = new ChangeLog(database.compactedThrough(), limits);
    this.#load();
  }

  /** The newest revision that is durable. */
  get resourceVersion(): number {
    return this.#committed;
  }

  /** The newest revision, staged ones included: what a list of this very moment stands at. It holds once `committed()` resolves. */
  get stagedResourceVersion(): number {
    return this.#staged;
  }

  /** Waits until nothing is staged. In the turn in which it resolves, memory and database agree. */
  async settled(): Promise<void> {
    while (this.#batch !== undefined) await this.#batch.done.promise.catch(() => {});
  }

  /** The newest revision that can no longer be read back from. */
  get compactedThrough(): number {
    return this.#log.compactedThrough;
  }

  /** The current object of that name, staged writes included. */
  get(resource: string, namespace: string, name: string): StoredRecord | undefined {
    return this.#collections.get(resource)?.records.get(key(namespace, name));
  }

  /** All current objects of a resource, of one namespace if given, ordered by namespace and name. */
  list(resource: string, namespace?: string): StoredRecord[] {
    const collection = this.#collections.get(resource);
    if (collection === undefined) return [];
    collection.sorted ??= [...collection.records.keys()].sort();
    const keys = namespace === undefined ? collection.sorted : withPrefix(collection.sorted, key(namespace, ''));
    return keys.map((each) => collection.records.get(each)!);
  }

  /** How many objects a resource has, in one namespace if given. */
  count(resource: string, namespace?: string): number {
    const collection = this.#collections.get(resource);
    return (namespace === undefined ? collection?.records.size : collection?.counts.get(namespace)) ?? 0;
  }

  /** The objects as they were at revision `rv`, or undefined when that is compacted or still to come. */
  listAt(resource: string, namespace: string | undefined, rv: number): StoredRecord[] | undefined {
    const later = rv > this.#committed ? undefined : this.#log.after(rv);
    if (later === undefined) return undefined;
    const undone = new Map<string, StoredRecord | undefined>();
    for (const { record, previous } of later.toReversed()) {
      const inside = record.resource === resource && (namespace === undefined || record.namespace === namespace);
      if (inside) undone.set(key(record.namespace, record.name), previous);
    }
    const current = this.list(resource, namespace);
    if (undone.size === 0) return current;
    const then = current.filter((record) => !undone.has(key(record.namespace, record.name)));
    for (const record of undone.values()) if (record !== undefined) then.push(record);
    return then.sort((a, b) => (key(a.namespace, a.name) < key(b.namespace, b.name) ? -1 : 1));
  }

  /** The committed changes of a resource after revision `rv`, or undefined when some of them are compacted. */
  changesAfter(rv: number, resource: string): Change[] | undefined {
    return this.#log.after(rv)?.filter(({ record }) => record.resource === resource);
  }

  /** Stages an object; its metadata.resourceVersion becomes the new revision. */
  put(resource: string, object: KubernetesObject): StoredRecord {
    const { namespace = '', name } = object.metadata;
    const previous = this.get(resource, namespace, name);
    return this.#stage(previous === undefined ? 'ADDED' : 'MODIFIED', resource, object, previous);
  }

  /** Stages the removal of an object, which is given as it was last. */
  remove(resource: string, object: KubernetesObject): StoredRecord {
    const { namespace = '', name } = object.metadata;
    return this.#stage('DELETED', resource, object, this.get(resource, namespace, name));
  }

  /** Resolves when everything staged so far is durable; rejects when it could not be written. */
  async committed(): Promise<void> {
    await this.#batch?.done.promise;
  }

  /** Calls `listener` with the changes of each batch, after it is durable and before its writers are answered. */
  onCommit(listener: (changes: readonly Change[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Forgets changes that are beyond the limits; called now and then so that a quiet server forgets too. */
  compact(): void {
    if (this.#batch === undefined && this.#log.excess(this.#now()) > 0) {
      this.#open();
      this.#commit();
    }
  }

  /** Commits what is staged and closes the database. Later writes fail. */
  close(): void {
    if (this.#batch !== undefined) this.#commit();
    this.#closed = true;
    this.#database.close();
  }

  #load(): void {
    for (const { deleted, ...record } of this.#database.revisions()) {
      const previous = this.get(record.resource, record.namespace, record.name);
      this.#apply(record, deleted ? undefined : record);
      if (record.rv > this.#log.compactedThrough) {
        this.#log.append({ type: deleted ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED', record, previous });
      }
      this.#committed = record.rv;
    }
    this.#committed = Math.max(this.#committed, this.#log.compactedThrough);
    this.#staged = this.#committed;
  }

  #stage(type: Change['type'], resource: string, object: KubernetesObject, previous: StoredRecord | undefined): StoredRecord {
    const batch = this.#open();
    const rv = this.#staged + 1;
    object.metadata.resourceVersion = String(rv);
    const { namespace = '', name } = object.metadata;
    const json = JSON.stringify(object);
    if (json.length > maximumObjectBytes) throw tooLarge(maximumObjectBytes);
    const record: StoredRecord = { resource, namespace, name, rv, at: this.#now(), json };
    try {
      this.#database.insert({ ...record, deleted: type === 'DELETED' });
    } catch (cause) {
      throw this.#abandon(batch, cause);
    }
    this.#staged = rv;
    batch.changes.push({ type, record, previous });
    this.#apply(record, type === 'DELETED' ? undefined : record);
    return record;
  }

  #open(): Batch {
    if (this.#closed) throw internalError('the server is stopping');
    if (this.#batch === undefined) {
      try {
        this.#database.begin();
      } catch (cause) {
        throw internalError('the state cannot be written', cause);
      }
      this.#batch = { changes: [], done: Promise.withResolvers() };
      this.#batch.done.promise.catch(() => {}); // each waiter handles it; without one it is no accident
      setImmediate(() => this.#commit());
    }
    return this.#batch;
  }

  #commit(): void {
    const batch = this.#batch;
    if (batch === undefined) return; // abandoned, or committed by close or compact
    const excess = this.#log.excess(this.#now());
    try {
      if (excess > 0) this.#forget(this.#log.oldest(excess));
      this.#database.commit();
    } catch (cause) {
      this.#abandon(batch, cause);
      return;
    }
    this.#batch = undefined;
    this.#log.drop(excess);
    for (const change of batch.changes) this.#log.append(change);
    this.#committed = this.#staged;
    try {
      for (const listener of this.#listeners) listener(batch.changes);
    } finally {
      batch.done.resolve(); // it is durable, whatever a listener meets
    }
  }

  /** A superseded revision is kept until the change that superseded it leaves the log; a deletion leaves with its change. */
  #forget(changes: readonly Change[]): void {
    const rvs = changes.flatMap(({ type, record, previous }) => [
      ...(previous ? [previous.rv] : []),
      ...(type === 'DELETED' ? [record.rv] : []),
    ]);
    this.#database.compact(rvs, changes.at(-1)!.record.rv);
  }

  #abandon(batch: Batch, cause: unknown): Error {
    const error = internalError(`the state could not be written: ${(cause as Error).message}`, cause);
    for (const { record, previous } of batch.changes.toReversed()) this.#apply(record, previous);
    this.#staged = this.#committed;
    this.#batch = undefined;
    try {
      this.#database.rollback();
    } catch {
      // the transaction is gone already; the next one says whether the database works again
    }
    batch.done.reject(error);
    return error;
  }

  #apply({ resource, namespace, name }: StoredRecord, now: StoredRecord | undefined): void {
    const collection = this.#collection(resource);
    const id = key(namespace, name);
    const change = Number(now !== undefined) - Number(collection.records.has(id));
    if (change !== 0) {
      collection.sorted = undefined;
      collection.counts.set(namespace, (collection.counts.get(namespace) ?? 0) + change);
    }
    if (now === undefined) collection.records.delete(id);
    else collection.records.set(id, now);
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = { records: new Map(), counts: new Map(), sorted: undefined };
      this.#collections.set(resource, collection);
    }
    return collection;
  }
}

/** Neither part can hold a slash, and a slash sorts before every character that a name can hold but `-` and `.`. */
function key(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function withPrefix(sorted: readonly string[], prefix: string): string[] {
  return sorted.filter((each) => each.startsWith(prefix));
}
