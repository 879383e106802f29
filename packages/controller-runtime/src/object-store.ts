import { objectKey } from './kubernetes-object.ts';
import type { KubernetesObject } from './kubernetes-object.ts';

/** Gives the values under which an index finds an object. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects by key, and by the values of named indexes. Reads give the stored objects themselves: treat them as read-only. */
export interface ObjectStore<T> {
  get(key: string): T | undefined;
  list(): T[];
  keys(): IterableIterator<string>;
  set(key: string, object: T): void;
  delete(key: string): void;
  addIndex(name: string, fn: IndexFunction<T>): void;
  byIndex(name: string, value: string): T[];
  readonly size: number;
}

interface Index<T> {
  fn: IndexFunction<T>;
  buckets: Map<string, Map<string, T>>;
}

/** An empty store. */
export function createObjectStore<T extends KubernetesObject>(): ObjectStore<T> {
  const objects = new Map<string, T>();
  const indexes = new Map<string, Index<T>>();
  return {
    get: (key) => objects.get(key),
    list: () => [...objects.values()],
    keys: () => objects.keys(),
    set: (key, object) => {
      const old = objects.get(key);
      objects.set(key, object);
      for (const index of indexes.values()) {
        if (old) unfile(index, key, old);
        file(index, key, object);
      }
    },
    delete: (key) => {
      const old = objects.get(key);
      if (!old) return;
      objects.delete(key);
      for (const index of indexes.values()) unfile(index, key, old);
    },
    addIndex: (name, fn) => {
      if (indexes.has(name)) throw new TypeError(`There is an index "${name}" already.`);
      const index: Index<T> = { fn, buckets: new Map() };
      for (const object of objects.values()) file(index, objectKey(object), object);
      indexes.set(name, index);
    },
    byIndex: (name, value) => {
      const index = indexes.get(name);
      if (!index) throw new TypeError(`There is no index "${name}": add it with addIndex before it is asked.`);
      return [...(index.buckets.get(value)?.values() ?? [])];
    },
    get size() {
      return objects.size;
    },
  };
}

function file<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.fn(object)) {
    const bucket = index.buckets.get(value);
    if (bucket) bucket.set(key, object);
    else index.buckets.set(value, new Map([[key, object]]));
  }
}

function unfile<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.fn(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}
