import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from './testing/virtual-clock.ts';
import { createWorkQueue } from './work-queue.ts';

describe('the work queue', () => {
  it('keeps a key once, in the order of arrival', async () => {
    const queue = createWorkQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.size).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['a', 'b', 'c']);
    expect(queue.size).toBe(0);
  });

  it('gives a key to one worker at a time, and again after it if it was added meanwhile', async () => {
    const queue = createWorkQueue();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.size).toBe(0);
    queue.done('a');
    expect(queue.size).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.size).toBe(0);
  });

  it('wakes a waiting worker, one per key', async () => {
    const queue = createWorkQueue();
    const takes = [queue.take(), queue.take()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(takes)).toEqual(['a', 'b']);
  });

  it('never hands a key to two workers and loses none, whatever the order of calls', async () => {
    const step = fc.record({ act: fc.constantFrom('add', 'take', 'done'), key: fc.constantFrom('a', 'b', 'c') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = createWorkQueue();
        const working = new Set<string>();
        const owed = new Set<string>();
        const take = async (): Promise<void> => {
          if (queue.size === 0) return;
          const key = (await queue.take()) as string;
          expect(working.has(key)).toBe(false);
          working.add(key);
          owed.delete(key);
        };
        for (const { act, key } of steps) {
          if (act === 'add') {
            queue.add(key);
            owed.add(key);
          } else if (act === 'take') await take();
          else {
            queue.done(key);
            working.delete(key);
          }
        }
        for (const key of [...working]) {
          queue.done(key);
          working.delete(key);
        }
        while (queue.size > 0) await take();
        expect([...owed]).toEqual([]);
      }),
    );
  });

  it('adds a delayed key when its time has come; the shortest of several delays counts', async () => {
    const clock = createVirtualClock();
    const queue = createWorkQueue({ clock });
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 300);
    queue.addAfter('a', 2_000);
    queue.addAfter('b', 500);
    queue.addAfter('now', 0);
    const sizes: number[] = [];
    for (const ms of [299, 1, 199, 1, 5_000]) {
      await clock.advance(ms);
      sizes.push(queue.size);
    }
    expect(sizes).toEqual([1, 2, 2, 3, 3]);
  });

  it('gives delayed keys in the order of their times', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 40 }), async (delays) => {
        const clock = createVirtualClock();
        const queue = createWorkQueue({ clock });
        for (const delay of delays) queue.addAfter(String(delay), delay);
        await clock.advance(100_000);
        const taken: number[] = [];
        while (queue.size > 0) taken.push(Number(await queue.take()));
        expect(taken).toEqual([...delays].sort((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it('doubles the delay of a key that fails, up to the limit, until it is forgotten', async () => {
    const clock = createVirtualClock();
    const queue = createWorkQueue({ baseDelayMs: 10, maxDelayMs: 50, clock });
    const waits: number[] = [];
    const failOnce = async (): Promise<void> => {
      queue.addRateLimited('a');
      let waited = 0;
      for (; queue.size === 0; waited += 1) await clock.advance(1);
      waits.push(waited);
      queue.done((await queue.take()) as string);
    };
    for (let i = 0; i < 5; i += 1) await failOnce();
    expect(queue.retries('a')).toBe(5);
    queue.forget('a');
    expect(queue.retries('a')).toBe(0);
    await failOnce();
    expect(waits).toEqual([10, 20, 40, 50, 50, 10]);
  });

  it('gives nothing after it was shut down, and nothing to a taker that gave up', async () => {
    const queue = createWorkQueue();
    const patience = new AbortController();
    const gaveUp = queue.take(patience.signal);
    const waiting = queue.take();
    patience.abort();
    expect(await gaveUp).toBeUndefined();
    queue.add('a');
    expect(await waiting).toBe('a');
    const last = queue.take();
    queue.shutDown();
    queue.add('b');
    queue.addAfter('c', 0);
    expect(await last).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
  });

  it('counts depth, adds and retries under its name', async () => {
    const metrics = new Registry();
    const clock = createVirtualClock();
    const queue = createWorkQueue({ name: 'q', metrics, clock });
    queue.add('a');
    queue.add('b');
    queue.add('b');
    queue.addRateLimited('c');
    const text = await metrics.metrics();
    expect(text).toContain('workqueue_depth{name="q"} 2');
    expect(text).toContain('workqueue_adds_total{name="q"} 2');
    expect(text).toContain('workqueue_retries_total{name="q"} 1');
  });
});
