import { sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';

/** Something that works until its signal aborts. */
export interface Runnable {
  /** For the error that says who did not stop. */
  name?: string;
  run(signal: AbortSignal): Promise<void>;
}

/** Some did not end in time after they were told to stop. */
export class StopTimeoutError extends Error {
  override readonly name = 'StopTimeoutError';
  readonly code = 'StopTimeout';
}

/**
 * Starts all and resolves when all have ended. The first that fails stops the others, and its error is thrown; when the
 * signal aborts all are stopped. They get `stopTimeoutMs` (10 s when left out) to end; then this rejects with a
 * StopTimeoutError that names the late ones, and the caller should exit. One that ends early without an error stops nobody.
 */
export async function runTogether(
  runnables: readonly Runnable[],
  signal: AbortSignal,
  options: { stopTimeoutMs?: number; clock?: Clock } = {},
): Promise<void> {
  const { stopTimeoutMs = 10_000, clock = systemClock } = options;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  const late = new Set<string>();
  let failure: { error: unknown } | undefined;

  const start = async (runnable: Runnable, index: number): Promise<void> => {
    const name = runnable.name ?? `runnable ${index + 1}`;
    late.add(name);
    try {
      await runnable.run(stop.signal);
    } catch (error) {
      failure ??= { error };
      abort();
    } finally {
      late.delete(name);
    }
  };
  const all = Promise.all(runnables.map(start));
  const patience = new AbortController();
  const timeout = new Promise<void>((resolve) => {
    const begin = (): void => void sleep(clock, stopTimeoutMs, patience.signal).then(resolve);
    if (stop.signal.aborted) begin();
    else stop.signal.addEventListener('abort', begin, { once: true });
  });
  await Promise.race([all, timeout]);
  patience.abort();
  signal.removeEventListener('abort', abort);
  if (failure) throw failure.error;
  if (late.size > 0)
    throw new StopTimeoutError(`Still running ${stopTimeoutMs} ms after the stop: ${[...late].join(', ')}. Exit the process.`);
}
