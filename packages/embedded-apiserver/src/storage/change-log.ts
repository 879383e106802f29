/** One object as it is stored. Immutable; `json` is the whole object as it goes over the wire. */
export interface StoredRecord {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly rv: number;
  /** When it was written, milliseconds since 1970. */
  readonly at: number;
  readonly json: string;
  /** Whether it is being deleted, found when first asked. */
  terminating?: boolean;
  /** What selectors read of it, filled when first asked. */
  view?: SelectorView;
}

/** What selectors read of an object. The values of fields are keyed by the definition of the field, whatever that is. */
export interface SelectorView {
  labels: Record<string, string>;
  fields: Map<object, string>;
}

/** One committed write. `record` of a DELETED change is the last state with the resourceVersion of the deletion. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly record: StoredRecord;
  readonly previous: StoredRecord | undefined;
}

/** How much the log keeps for watches that come back: whichever is reached first. */
export interface ChangeLogLimits {
  count: number;
  bytes: number;
  milliseconds: number;
}

/** Five minutes is what kube-apiserver keeps in etcd (--etcd-compaction-interval); count and bytes bound the memory. */
export const defaultLogLimits: ChangeLogLimits = { count: 10_000, bytes: 64 * 1024 * 1024, milliseconds: 300_000 };

/** The committed changes that can still be watched from, oldest first, and the revision through which older ones are gone. */
export class ChangeLog {
  readonly #limits: ChangeLogLimits;
  #changes: Change[] = [];
  #bytes = 0;
  #compacted: number;

  constructor(compacted: number, limits: ChangeLogLimits) {
    this.#compacted = compacted;
    this.#limits = limits;
  }

  get compactedThrough(): number {
    return this.#compacted;
  }

  append(change: Change): void {
    this.#changes.push(change);
    this.#bytes += change.record.json.length;
  }

  /** The changes after `rv`, or undefined when some of them are gone. */
  after(rv: number): Change[] | undefined {
    if (rv < this.#compacted) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#changes[middle]!.record.rv <= rv) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low);
  }

  /** How many of the oldest changes are beyond the limits at time `now`. A tenth of slack lets them go in chunks. */
  excess(now: number): number {
    const { count, bytes, milliseconds } = this.#limits;
    const length = this.#changes.length;
    const full = length > count * 1.1 || this.#bytes > bytes * 1.1;
    let kept = this.#bytes;
    let index = 0;
    while (index < length) {
      const { record } = this.#changes[index]!;
      const beyond = full && (length - index > count || kept > bytes);
      if (!beyond && now - record.at <= milliseconds) break;
      kept -= record.json.length;
      index += 1;
    }
    return index;
  }

  /** The `count` oldest changes. */
  oldest(count: number): Change[] {
    return this.#changes.slice(0, count);
  }

  /** Forgets the `count` oldest changes. */
  drop(count: number): void {
    for (const { record } of this.#changes.splice(0, count)) {
      this.#bytes -= record.json.length;
      this.#compacted = record.rv;
    }
  }
}
