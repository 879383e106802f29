import { KdrError } from '@kdr/api-types';

/** Counts a plugin's running calls: a call runs until the plugin's function has ended, whether or not somebody still waits for it. */
export interface RunningCalls {
  /** @throws KdrError KDR_BUSY where `limit` calls run, or after `drain`. */
  run<T>(deadline: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Takes no new calls; resolves when none runs any more. */
  drain(): Promise<void>;
  /** Whether every place is taken by a call past its deadline: the plugin hangs. */
  stuck(): boolean;
  stopping(): boolean;
}

export function createRunningCalls(limit: number): RunningCalls {
  const running = new Set<AbortSignal>();
  let draining: (() => void) | undefined;
  let stopping = false;
  return {
    async run(deadline, work) {
      if (stopping) throw new KdrError('KDR_BUSY', 'the plugin is stopping');
      if (running.size >= limit) throw new KdrError('KDR_BUSY', `${running.size} calls run, which is the limit`);
      running.add(deadline);
      try {
        return await work();
      } finally {
        running.delete(deadline);
        if (running.size === 0) draining?.();
      }
    },
    drain() {
      stopping = true;
      return new Promise((resolve) => {
        if (running.size === 0) resolve();
        else draining = resolve;
      });
    },
    stuck: () => running.size >= limit && [...running].every((signal) => signal.aborted),
    stopping: () => stopping,
  };
}
