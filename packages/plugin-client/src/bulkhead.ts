import { PluginError } from './plugin-error.ts';

/**
 * At most `capacity` calls at once; others wait in order, at most `queueCapacity` of them. Unlike cockatiel's bulkhead a waiting caller
 * leaves at its own deadline, not when its turn comes: else one hanging plugin would hold every caller for several deadlines.
 */
export interface Bulkhead {
  /** Waits for a turn and returns its release. @throws PluginError KDR_BUSY at once where the queue is full; the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function createBulkhead(name: string, capacity: number, queueCapacity: number): Bulkhead {
  const waiting = new Set<() => void>();
  let active = 0;

  const leave = () => {
    active--;
    const [next] = waiting;
    next?.();
  };

  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (active >= capacity) {
        if (waiting.size >= queueCapacity) {
          throw new PluginError('KDR_BUSY', `${name}: ${active} calls run and ${waiting.size} wait`, { retryable: true, sent: false });
        }
        await new Promise<void>((resolve, reject) => {
          const done = () => {
            waiting.delete(done);
            signal.removeEventListener('abort', done);
            if (signal.aborted) reject(signal.reason as Error);
            else {
              active++;
              resolve();
            }
          };
          waiting.add(done);
          signal.addEventListener('abort', done);
        });
      } else active++;
      return leave;
    },
  };
}
