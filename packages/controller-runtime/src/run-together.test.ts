import { describe, expect, it } from 'vitest';
import { runTogether, StopTimeoutError } from './run-together.ts';
import { createVirtualClock } from './testing/virtual-clock.ts';

const untilStopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

describe('running together', () => {
  it('stops all when the signal aborts', async () => {
    const stop = new AbortController();
    const ended: number[] = [];
    const worker = (id: number) => ({
      run: async (signal: AbortSignal) => {
        await untilStopped(signal);
        ended.push(id);
      },
    });
    const all = runTogether([worker(1), worker(2)], stop.signal);
    stop.abort();
    await all;
    expect(ended).toEqual([1, 2]);
  });

  it('stops the others at the first failure, waits for them, and throws it', async () => {
    let ended = false;
    const other = {
      run: async (signal: AbortSignal) => {
        await untilStopped(signal);
        await new Promise((resolve) => setTimeout(resolve, 5));
        ended = true;
        throw new Error('second');
      },
    };
    const all = runTogether([other, { run: () => Promise.reject(new Error('first')) }], new AbortController().signal);
    await expect(all).rejects.toThrow('first');
    expect(ended).toBe(true);
  });

  it('treats a synchronous exception like any failure, and an early end as no failure', async () => {
    const thrower = {
      run: () => {
        throw new Error('at once');
      },
    };
    await expect(runTogether([{ run: untilStopped }, thrower], new AbortController().signal)).rejects.toThrow('at once');
    await runTogether([{ run: () => Promise.resolve() }], new AbortController().signal);
  });

  it('names those that do not stop in time', async () => {
    const clock = createVirtualClock();
    const stop = new AbortController();
    const all = runTogether([{ name: 'stuck', run: () => new Promise(() => undefined) }, { run: untilStopped }], stop.signal, {
      stopTimeoutMs: 3_000,
      clock,
    });
    const outcome = expect(all).rejects.toThrow(StopTimeoutError);
    stop.abort();
    await clock.advance(3_000);
    await outcome;
    await expect(all).rejects.toThrow('stuck');
  });
});
