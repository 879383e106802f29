import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../api/object.ts';
import { ObjectStore } from './object-store.ts';
import { openStateDatabase } from './state-database.ts';
import type { StateDatabase } from './state-database.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'object-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const limits = { count: 20, bytes: 1_000_000, milliseconds: 60_000 };

function object(name: string, data = ''): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name, namespace: 'ns', uid: name, resourceVersion: '', creationTimestamp: '' },
    data,
  };
}

function open(change: (database: StateDatabase) => StateDatabase = (database) => database, now = () => 0): ObjectStore {
  return new ObjectStore(change(openStateDatabase(join(directory, 'state.db'))), now, limits);
}

describe('an object store', () => {
  it('commits what was staged in one turn together', async () => {
    let commits = 0;
    const store = open((database) => ({ ...database, commit: () => ((commits += 1), database.commit()) }));
    const batches: number[] = [];
    store.onCommit((changes) => batches.push(changes.length));
    for (let index = 0; index < 50; index += 1) store.put('things', object(`o${index}`));
    expect(store.resourceVersion).toBe(0);
    await store.committed();
    expect([commits, batches, store.resourceVersion]).toEqual([1, [50], 50]);
    store.close();
  });

  it('takes back the whole batch when it cannot be written', async () => {
    let full = false;
    const store = open((database) => ({
      ...database,
      commit() {
        if (full) throw new Error('database or disk is full');
        database.commit();
      },
    }));
    store.put('things', object('kept', 'old'));
    await store.committed();
    full = true;
    store.put('things', object('kept', 'new'));
    store.put('things', object('added'));
    store.remove('things', object('kept'));
    await expect(store.committed()).rejects.toMatchObject({ status: { code: 500 } });
    expect(store.list('things').map(({ json }) => JSON.parse(json) as object)).toMatchObject([
      { metadata: { name: 'kept', resourceVersion: '1' }, data: 'old' },
    ]);
    expect(store.count('things', 'ns')).toBe(1);
    full = false;
    store.put('things', object('later'));
    await store.committed();
    store.close();
    const again = open();
    expect(again.list('things').map(({ name, rv }) => [name, rv])).toEqual([
      ['kept', 1],
      ['later', 2],
    ]);
    again.close();
  });

  it('forgets old changes, in memory and in the database, and says so', async () => {
    const store = open();
    for (let index = 0; index < 100; index += 1) {
      store.put('things', object('same', String(index)));
      await store.committed();
    }
    store.remove('things', object('same'));
    await store.committed();
    expect(store.changesAfter(store.compactedThrough - 1, 'things')).toBeUndefined();
    expect(store.changesAfter(store.compactedThrough, 'things')!.length).toBe(101 - store.compactedThrough);
    expect(store.listAt('things', undefined, store.compactedThrough - 1)).toBeUndefined();
    const compacted = store.compactedThrough;
    expect(compacted).toBeGreaterThan(70);
    store.close();
    const database = openStateDatabase(join(directory, 'state.db'));
    expect([...database.revisions()].length).toBeLessThan(30);
    database.close();
    const again = open();
    expect([again.compactedThrough, again.resourceVersion, again.count('things')]).toEqual([compacted, 101, 0]);
    again.close();
  });

  it('forgets everything old in time, but never a current object or a number', async () => {
    let now = 0;
    const store = open(undefined, () => now);
    for (const name of ['a', 'b']) store.put('things', object(name));
    await store.committed();
    store.remove('things', object('b'));
    await store.committed();
    now = 120_000;
    store.compact();
    expect(store.compactedThrough).toBe(3);
    store.close();
    const again = open();
    expect(again.list('things').map(({ name }) => name)).toEqual(['a']);
    again.put('things', object('c'));
    await again.committed();
    expect(again.resourceVersion).toBe(4);
    again.close();
  });

  it('shows any state that is not forgotten', async () => {
    const store = open();
    const states: string[] = [''];
    const names = ['a', 'b', 'c'];
    for (let step = 0; step < 18; step += 1) {
      const name = names[(step * 7) % 3]!;
      if (step % 4 === 3 && store.get('things', 'ns', name)) store.remove('things', object(name));
      else store.put('things', object(name, String(step)));
      await store.committed();
      states.push(show(store.list('things')));
    }
    for (let rv = 0; rv <= 18; rv += 1) expect(show(store.listAt('things', 'ns', rv)!)).toBe(states[rv]);
    store.close();
  });

  it('refuses a file that is no state of its own', async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(directory, 'state.db'), 'this is no database, but it is long enough to be looked at'.repeat(20));
    expect(() => open()).toThrowError(expect.objectContaining({ code: 'KDR_APISERVER_STATE_UNREADABLE' }));
  });
});

function show(records: readonly { name: string; rv: number }[]): string {
  return records.map(({ name, rv }) => `${name}@${rv}`).join(' ');
}
