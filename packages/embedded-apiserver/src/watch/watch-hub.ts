import type { SelectableField } from '../resources/resource-definition.ts';
import { fieldValue } from '../selectors/selector.ts';
import type { Change, StoredRecord } from '../storage/change-log.ts';
import { WatchableChange } from './watchable-change.ts';
import type { Watcher } from './watcher.ts';

/** The watchers of one resource: those of one value of a field are found by it, the others are asked one by one. */
interface ResourceWatchers {
  byField: Map<SelectableField, Map<string, Set<Watcher>>>;
  others: Set<Watcher>;
}

/** Brings committed changes to the watchers whom they may concern. */
export class WatchHub {
  readonly #resources = new Map<string, ResourceWatchers>();
  readonly #all = new Set<Watcher>();

  /** How many watches are open. */
  get size(): number {
    return this.#all.size;
  }

  add(resource: string, watcher: Watcher): void {
    this.#all.add(watcher);
    this.#setOf(resource, watcher).add(watcher);
  }

  remove(resource: string, watcher: Watcher): void {
    this.#all.delete(watcher);
    const set = this.#setOf(resource, watcher);
    set.delete(watcher);
    const { pinned } = watcher.selector;
    if (pinned && set.size === 0) {
      const { byField } = this.#watchersOf(resource);
      const values = byField.get(pinned.field)!;
      values.delete(pinned.value);
      if (values.size === 0) byField.delete(pinned.field);
    }
  }

  /** Offers the changes of a commit; each watcher then writes what concerns it at once. */
  publish(changes: readonly Change[]): void {
    const offered = new Set<Watcher>();
    for (const change of changes) {
      const watchers = this.#resources.get(change.record.resource);
      if (watchers === undefined) continue;
      const event = new WatchableChange(change);
      for (const watcher of concerned(watchers, change)) {
        watcher.offer(event);
        offered.add(watcher);
      }
    }
    for (const watcher of offered) watcher.flush();
  }

  /** Ends every watch, or those of one resource. */
  endAll(resource?: string): void {
    if (resource === undefined) {
      for (const watcher of [...this.#all]) watcher.end();
      return;
    }
    const { others, byField } = this.#watchersOf(resource);
    const pinned = [...byField.values()].flatMap((values) => [...values.values()].flatMap((set) => [...set]));
    for (const watcher of [...others, ...pinned]) watcher.end();
  }

  /** Tells the watchers that asked for it how far they are. */
  bookmark(resourceVersion: number): void {
    for (const watcher of this.#all) watcher.bookmark(resourceVersion);
  }

  #watchersOf(resource: string): ResourceWatchers {
    let watchers = this.#resources.get(resource);
    if (watchers === undefined) {
      watchers = { byField: new Map(), others: new Set() };
      this.#resources.set(resource, watchers);
    }
    return watchers;
  }

  #setOf(resource: string, { selector: { pinned } }: Watcher): Set<Watcher> {
    const { byField, others } = this.#watchersOf(resource);
    if (pinned === undefined) return others;
    const values = byField.get(pinned.field) ?? new Map<string, Set<Watcher>>();
    byField.set(pinned.field, values);
    const set = values.get(pinned.value) ?? new Set<Watcher>();
    values.set(pinned.value, set);
    return set;
  }
}

/** Watchers of the value before or after the change: an object that changes it leaves one and comes to another. */
function concerned({ byField, others }: ResourceWatchers, { type, record, previous }: Change): Set<Watcher> {
  if (byField.size === 0) return others;
  const found = new Set(others);
  const states: StoredRecord[] = [...(type === 'DELETED' ? [] : [record]), ...(previous ? [previous] : [])];
  for (const [field, values] of byField) {
    for (const state of states) for (const watcher of values.get(fieldValue(state, field)) ?? []) found.add(watcher);
  }
  return found;
}
