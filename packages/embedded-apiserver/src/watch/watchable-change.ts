import type { KubernetesObject } from '../api/object.ts';
import type { Selector } from '../selectors/selector.ts';
import type { Change } from '../storage/change-log.ts';

/** Types of watch events that carry an object. */
export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** A change and the bytes of the events that it becomes, made once for however many watchers. */
export class WatchableChange {
  readonly #change: Change;
  readonly #frames = new Map<EventType, Buffer>();
  #left: string | undefined;

  constructor(change: Change) {
    this.#change = change;
  }

  get rv(): number {
    return this.#change.record.rv;
  }

  /**
   * What the change is to somebody who sees only selected objects: one that becomes selected is ADDED, one that no longer is, DELETED.
   * @returns undefined when it is nothing.
   */
  typeFor(selector: Selector): EventType | undefined {
    const { type, record, previous } = this.#change;
    const before = previous !== undefined && selector.matches(previous);
    const after = type !== 'DELETED' && selector.matches(record);
    if (after) return before ? 'MODIFIED' : 'ADDED';
    return before ? 'DELETED' : undefined;
  }

  /** The object of the event; one that left a selection is shown as it was in it, with the resourceVersion of the change. */
  json(type: EventType): string {
    const { type: changed, record, previous } = this.#change;
    if (type !== 'DELETED' || changed === 'DELETED') return record.json;
    if (this.#left === undefined) {
      const object = JSON.parse(previous!.json) as KubernetesObject;
      object.metadata.resourceVersion = String(record.rv);
      this.#left = JSON.stringify(object);
    }
    return this.#left;
  }

  /** The event as it goes over the wire, for watchers that take objects as they are stored. */
  frame(type: EventType): Buffer {
    let frame = this.#frames.get(type);
    if (frame === undefined) {
      frame = eventFrame(type, this.json(type));
      this.#frames.set(type, frame);
    }
    return frame;
  }
}

/** One line of a watch. */
export function eventFrame(type: string, json: string): Buffer {
  return Buffer.from(`{"type":"${type}","object":${json}}\n`);
}
