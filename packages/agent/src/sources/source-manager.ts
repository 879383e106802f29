import { type Logger, type Runnable, jitteredBackoff, sleep, systemClock } from '@kdr/controller-runtime';

/** A source that ran that long before it failed starts again at once. */
const HEALTHY_MS = 60_000;

/**
 * Runs the agent's own sources, each by itself: one that fails is started again with growing pauses and disturbs no other. Anything else that
 * wants to tell of a fault is an ordinary API client and creates an Abnormal (source Custom): it arrives by the watch like every other.
 */
export function createSourceManager(sources: readonly (Runnable & { name: string })[], logger: Logger): Runnable {
  const keepRunning = async (source: Runnable & { name: string }, signal: AbortSignal): Promise<void> => {
    for (let failures = 1; !signal.aborted; failures += 1) {
      const startedAt = Date.now();
      try {
        await source.run(signal);
      } catch (err) {
        if (signal.aborted) return;
        logger.warn({ err, source: source.name }, 'a source failed and is started again');
      }
      if (Date.now() - startedAt > HEALTHY_MS) failures = 1;
      await sleep(systemClock, jitteredBackoff(failures, { baseMs: 1_000, maxMs: 60_000 }, Math.random), signal);
    }
  };
  return {
    name: 'sources',
    run: async (signal) => {
      await Promise.all(sources.map((source) => keepRunning(source, signal)));
    },
  };
}
