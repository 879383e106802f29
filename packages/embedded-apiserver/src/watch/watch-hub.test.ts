import { expect, it } from 'vitest';
import type { SelectableField } from '../resources/resource-definition.ts';
import type { Selector } from '../selectors/selector.ts';
import { fieldValue } from '../selectors/selector.ts';
import type { Change, StoredRecord } from '../storage/change-log.ts';
import { WatchHub } from './watch-hub.ts';
import { maximumBacklog, Watcher } from './watcher.ts';
import type { WatchOptions } from './watcher.ts';

const node: SelectableField = { name: 'spec.node', read: (object) => (object.spec as { node: string }).node };

function record(name: string, rv: number, value: string): StoredRecord {
  return {
    resource: 'things',
    namespace: '',
    name,
    rv,
    at: 0,
    json: JSON.stringify({ metadata: { name, resourceVersion: String(rv) }, spec: { node: value } }),
  };
}

function change(type: Change['type'], now: StoredRecord, previous?: StoredRecord): Change {
  return { type, record: now, previous };
}

function pinned(value: string): Selector {
  return { matches: (each) => fieldValue(each, node) === value, pinned: { field: node, value } };
}

/** A watcher in memory, and what was written to it. */
function watcher(selector: Selector, options: Partial<WatchOptions> = {}, writableLength = 0) {
  const lines: string[] = [];
  const state = { ended: 0, destroyed: 0 };
  const sink = {
    writableLength,
    write: (bytes: Buffer) => void lines.push(...bytes.toString().trimEnd().split('\n')),
    end: () => void (state.ended += 1),
    destroy: () => void (state.destroyed += 1),
  };
  const made = new Watcher(sink, { selector, encode: undefined, bookmark: undefined, onEnd() {}, ...options });
  const seen = () =>
    lines
      .map((line) => JSON.parse(line) as { type: string; object: { metadata: { resourceVersion: string } } })
      .map(({ type, object }) => `${type} ${object.metadata.resourceVersion}`);
  return { made, seen, state };
}

const everything: Selector = { matches: () => true };

it('brings a change to the watchers of the old and the new value of a field, and asks no others', () => {
  const hub = new WatchHub();
  let asked = 0;
  const third = watcher({ ...pinned('n3'), matches: () => ((asked += 1), false) });
  const [first, second, all] = [watcher(pinned('n1')), watcher(pinned('n2')), watcher(everything)];
  for (const { made } of [first, second, third, all]) hub.add('things', made);
  const [one, two] = [record('a', 1, 'n1'), record('a', 2, 'n2')];
  hub.publish([change('ADDED', one), change('MODIFIED', two, one), change('DELETED', record('a', 3, 'n2'), two)]);
  expect([first.seen(), second.seen(), all.seen(), asked]).toEqual([
    ['ADDED 1', 'DELETED 2'],
    ['ADDED 2', 'DELETED 3'],
    ['ADDED 1', 'MODIFIED 2', 'DELETED 3'],
    0,
  ]);
});

it('forgets watchers that are over', () => {
  const hub = new WatchHub();
  const made: Watcher[] = [];
  const gone = watcher(pinned('n1'), { onEnd: () => hub.remove('things', made[0]!) });
  made.push(gone.made);
  hub.add('things', gone.made);
  expect(hub.size).toBe(1);
  hub.endAll();
  hub.publish([change('ADDED', record('a', 1, 'n1'))]);
  expect([hub.size, gone.seen(), gone.state.ended]).toEqual([0, [], 1]);
});

it('sends bookmarks to those who asked for them', () => {
  const hub = new WatchHub();
  const asking = watcher(everything, { bookmark: (rv) => JSON.stringify({ metadata: { resourceVersion: String(rv) } }) });
  const silent = watcher(everything);
  for (const { made } of [asking, silent]) hub.add('things', made);
  hub.bookmark(7);
  expect([asking.seen(), silent.seen()]).toEqual([['BOOKMARK 7'], []]);
});

it('cuts off only the watcher that is too far behind', () => {
  const hub = new WatchHub();
  const slow = watcher(everything, {}, maximumBacklog);
  const quick = watcher(everything);
  for (const { made } of [slow, quick]) hub.add('things', made);
  hub.publish([change('ADDED', record('a', 1, 'n1'))]);
  expect([slow.seen(), slow.state.destroyed, quick.seen()]).toEqual([[], 1, ['ADDED 1']]);
});

it('ends only the watch in whose form an object cannot be shown', () => {
  const hub = new WatchHub();
  const failing = watcher(everything, {
    encode() {
      throw new Error('no such form');
    },
  });
  const fine = watcher(everything);
  for (const { made } of [failing, fine]) hub.add('things', made);
  hub.publish([change('ADDED', record('a', 1, 'n1'))]);
  expect([failing.seen(), failing.state.ended, fine.seen()]).toEqual([['ERROR undefined'], 1, ['ADDED 1']]);
});
