import { internalError } from '../api/status-error.ts';
import type { Selector } from '../selectors/selector.ts';
import { eventFrame } from './watchable-change.ts';
import type { EventType, WatchableChange } from './watchable-change.ts';

/** Where the bytes of a watch go: an HTTP response. */
export interface WatchSink {
  write(bytes: Buffer): void;
  end(): void;
  /** Cuts the connection. */
  destroy(): void;
  /** Bytes that were written and that the client has not taken. */
  readonly writableLength: number;
}

/** How one watch wants its objects. */
export interface WatchOptions {
  selector: Selector;
  /** From the stored JSON to that of the event; absent where they are the same, and the bytes are shared. */
  encode: ((json: string) => string) | undefined;
  /** JSON of a bookmark at a resourceVersion; absent when none are wanted. */
  bookmark: ((resourceVersion: number) => string) | undefined;
  /** Called once when the watch is over, whoever ends it. */
  onEnd(): void;
}

/**
 * A client that does not take this much is cut off and comes back where it was; it must not hold the server's memory.
 * About 4,000 events of 4 KiB.
 */
export const maximumBacklog = 16 * 1024 * 1024;

/** One open watch. */
export class Watcher {
  readonly selector: Selector;
  readonly #sink: WatchSink;
  readonly #options: WatchOptions;
  #pending: Buffer[] = [];
  #allowance = maximumBacklog;
  #ended = false;

  constructor(sink: WatchSink, options: WatchOptions) {
    this.selector = options.selector;
    this.#sink = sink;
    this.#options = options;
  }

  /** Takes a change if it concerns the selected objects; `flush` writes it. */
  offer(change: WatchableChange): void {
    const type = change.typeFor(this.selector);
    if (type === undefined || this.#ended) return;
    const { encode } = this.#options;
    try {
      this.#pending.push(encode === undefined ? change.frame(type) : eventFrame(type, encode(change.json(type))));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes an object that is there when the watch begins. What is sent so does not count as the client's backlog. */
  initial(json: string, type: EventType = 'ADDED'): void {
    const { encode } = this.#options;
    const frame = eventFrame(type, encode === undefined ? json : encode(json));
    this.#allowance += frame.length;
    this.#pending.push(frame);
  }

  /** Writes what was taken; cuts a client off that is too far behind. */
  flush(): void {
    if (this.#ended || this.#pending.length === 0) return;
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending);
    this.#pending = [];
    if (this.#sink.writableLength + bytes.length > this.#allowance) {
      this.#sink.destroy();
      this.closed();
      return;
    }
    this.#sink.write(bytes);
  }

  /** Tells the client that it has seen everything up to a resourceVersion. */
  bookmark(resourceVersion: number): void {
    if (this.#options.bookmark === undefined || this.#ended) return;
    this.#pending.push(eventFrame('BOOKMARK', this.#options.bookmark(resourceVersion)));
    this.flush();
  }

  /** Writes a ready-made event: an ERROR, or the mark that the initial events are over. */
  special(type: 'BOOKMARK' | 'ERROR', json: string): void {
    this.#pending.push(eventFrame(type, json));
    this.flush();
  }

  /** An object that cannot be shown in this watch's form ends this watch, not the others. */
  #fail(error: unknown): void {
    this.special('ERROR', JSON.stringify(internalError('an object cannot be encoded for this watch', error).status));
    this.end();
  }

  /** Ends the watch in good order. */
  end(): void {
    if (this.#ended) return;
    this.flush();
    this.#sink.end();
    this.closed();
  }

  /** Notes that the connection is gone. */
  closed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
  }
}
