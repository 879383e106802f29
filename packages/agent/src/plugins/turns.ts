/** A bounded number of calls at once; who waits, waits in order and may leave. */
export interface Turns {
  /** The release, if nobody has to wait now. */
  tryTake(): (() => void) | undefined;
  /** Resolves with the release when it is one's turn; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
  readonly waiting: number;
}

/**
 * The agent's own queue before a plugin. The plugin client has one too, but there the deadline of a call runs while it waits; here it has not
 * begun, so that a burst of Abnormals does not make the last of them fail.
 */
export function createTurns(capacity: number): Turns {
  const queue = new Set<() => void>();
  let active = 0;
  const begin = (): (() => void) => {
    active += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      active -= 1;
      const [next] = queue;
      next?.();
    };
  };
  return {
    tryTake: () => (active < capacity ? begin() : undefined),
    take: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        if (active < capacity) return resolve(begin());
        const leave = (): void => {
          queue.delete(enter);
          reject(signal.reason as Error);
        };
        const enter = (): void => {
          queue.delete(enter);
          signal.removeEventListener('abort', leave);
          resolve(begin());
        };
        queue.add(enter);
        signal.addEventListener('abort', leave, { once: true });
      }),
    get waiting() {
      return queue.size;
    },
  };
}
