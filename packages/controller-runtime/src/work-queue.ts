import type { Registry } from 'prom-client';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createDelayedKeys } from './delayed-keys.ts';
import { counterIn, gaugeIn, histogramIn } from './metrics.ts';

/** Keys that wait for work. A key waits once, however often it is added, and at most one worker has it at a time. */
export interface WorkQueue {
  /** Adds a key. If a worker has it now, it waits again once that worker is done. */
  add(key: string): void;
  /** Adds a key after a delay; of several delays of one key the shortest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Adds a key after its own backoff, which doubles each time until {@link forget}. */
  addRateLimited(key: string): void;
  /** Ends the backoff of a key: its work succeeded. */
  forget(key: string): void;
  /** How often the key was added rate limited since the last {@link forget}. */
  retries(key: string): number;
  /** The next key, as soon as there is one; undefined after {@link shutDown}, or when the signal aborts. The taker must call {@link done}. */
  take(signal?: AbortSignal): Promise<string | undefined>;
  done(key: string): void;
  /** Keys that are ready and not with a worker. Delayed ones are not counted. */
  readonly size: number;
  /** No more keys are given out or taken in. */
  shutDown(): void;
}

/** How {@link createWorkQueue} behaves. */
export interface WorkQueueOptions {
  /** The backoff of a key's first failure. 5 ms when left out, as in client-go. */
  baseDelayMs?: number;
  /** 60 s when left out. */
  maxDelayMs?: number;
  clock?: Clock;
  /** The label `name` of the metrics. */
  name?: string;
  /** Receives workqueue_depth, workqueue_adds_total, workqueue_retries_total, workqueue_queue_duration_seconds, workqueue_work_duration_seconds. */
  metrics?: Registry;
}

/** A queue with the semantics of client-go's rate-limiting work queue. */
export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const { baseDelayMs = 5, maxDelayMs = 60_000, clock = systemClock, name = 'default', metrics } = options;
  const depth = gaugeIn(metrics, 'workqueue_depth', 'Keys that wait for a worker.', ['name']);
  const adds = counterIn(metrics, 'workqueue_adds_total', 'Keys that were put into the queue.', ['name']);
  const retried = counterIn(metrics, 'workqueue_retries_total', 'Keys that were put into the queue rate limited.', ['name']);
  const waited = histogramIn(metrics, 'workqueue_queue_duration_seconds', 'Time a key waited for a worker.', ['name']);
  const worked = histogramIn(metrics, 'workqueue_work_duration_seconds', 'Time a worker had a key.', ['name']);

  /** Keys that need work: those in `ready`, and those that were added while a worker had them. The value is when. */
  const dirty = new Map<string, number>();
  const working = new Map<string, number>();
  /** In order of arrival. A Set keeps that order and removes its first in constant time. */
  const ready = new Set<string>();
  const failures = new Map<string, number>();
  const takers = new Set<(key: string | undefined) => void>();
  let open = true;

  const hand = (key: string): void => {
    ready.delete(key);
    depth?.set({ name }, ready.size);
    const since = dirty.get(key);
    dirty.delete(key);
    working.set(key, clock.now());
    if (since !== undefined) waited?.observe({ name }, (clock.now() - since) / 1000);
  };
  const enqueue = (key: string): void => {
    ready.add(key);
    depth?.set({ name }, ready.size);
    const [taker] = takers;
    if (!taker) return;
    takers.delete(taker);
    hand(key);
    taker(key);
  };
  const add = (key: string): void => {
    if (!open || dirty.has(key)) return;
    adds?.inc({ name });
    dirty.set(key, clock.now());
    if (!working.has(key)) enqueue(key);
  };
  const delayed = createDelayedKeys(clock, add);

  return {
    add,
    addAfter: (key, delayMs) => {
      if (!open) return;
      if (delayMs > 0) delayed.put(key, delayMs);
      else add(key);
    },
    addRateLimited: (key) => {
      if (!open) return;
      const failed = failures.get(key) ?? 0;
      failures.set(key, failed + 1);
      retried?.inc({ name });
      delayed.put(key, Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failed, 30)));
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
    take: (signal) => {
      if (!open || signal?.aborted) return Promise.resolve(undefined);
      const [first] = ready;
      if (first !== undefined) {
        hand(first);
        return Promise.resolve(first);
      }
      return new Promise((resolve) => {
        const give = (key: string | undefined): void => {
          signal?.removeEventListener('abort', giveUp);
          resolve(key);
        };
        const giveUp = (): void => {
          takers.delete(give);
          give(undefined);
        };
        takers.add(give);
        signal?.addEventListener('abort', giveUp);
      });
    },
    done: (key) => {
      const since = working.get(key);
      if (since === undefined) return;
      working.delete(key);
      worked?.observe({ name }, (clock.now() - since) / 1000);
      if (open && dirty.has(key)) enqueue(key);
    },
    get size() {
      return ready.size;
    },
    shutDown: () => {
      open = false;
      delayed.clear();
      ready.clear();
      dirty.clear();
      failures.clear();
      depth?.set({ name }, 0);
      for (const give of [...takers]) give(undefined);
      takers.clear();
    },
  };
}
