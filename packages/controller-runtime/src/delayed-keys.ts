import type { Clock } from './clock.ts';

/** Keys that become due later. One timer serves them all. */
export interface DelayedKeys {
  /** Of several delays of one key the one that ends first counts. */
  put(key: string, delayMs: number): void;
  clear(): void;
}

interface Entry {
  key: string;
  dueAt: number;
}

/** @param onDue is called once for each key when its time has come. */
export function createDelayedKeys(clock: Clock, onDue: (key: string) => void): DelayedKeys {
  /** A binary heap, the earliest first. An entry whose key has another due time by now is stale and passed over. */
  const heap: Entry[] = [];
  const dueAt = new Map<string, number>();
  let timer: { firesAt: number; cancel: () => void } | undefined;

  const fire = (): void => {
    timer = undefined;
    const now = clock.now();
    for (let first = heap[0]; first && first.dueAt <= now; first = heap[0]) {
      pop(heap);
      if (dueAt.get(first.key) !== first.dueAt) continue;
      dueAt.delete(first.key);
      onDue(first.key);
    }
    arm();
  };
  const arm = (): void => {
    const first = heap[0];
    if (!first || (timer && timer.firesAt <= first.dueAt)) return;
    timer?.cancel();
    // Rounded up: timers count whole milliseconds, and one that fires early would have to be set again.
    timer = { firesAt: first.dueAt, cancel: clock.schedule(Math.ceil(Math.max(0, first.dueAt - clock.now())), fire) };
  };

  return {
    put: (key, delayMs) => {
      const at = clock.now() + delayMs;
      if ((dueAt.get(key) ?? Infinity) <= at) return;
      dueAt.set(key, at);
      push(heap, { key, dueAt: at });
      arm();
    },
    clear: () => {
      timer?.cancel();
      timer = undefined;
      heap.length = 0;
      dueAt.clear();
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  for (let parent = (index - 1) >> 1; index > 0; parent = (index - 1) >> 1) {
    const above = heap[parent] as Entry;
    if (above.dueAt <= entry.dueAt) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let index = 0;
  for (let child = 1; child < heap.length; child = 2 * index + 1) {
    const right = heap[child + 1];
    if (right && right.dueAt < (heap[child] as Entry).dueAt) child += 1;
    const below = heap[child] as Entry;
    if (below.dueAt >= last.dueAt) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
