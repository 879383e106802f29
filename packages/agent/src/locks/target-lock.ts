/** One repair of one target at a time on this node. Keys are those of `targetKey`. */
export interface TargetLocks {
  /**
   * Takes the lock for an Abnormal, who may hold it already. False if another Abnormal has it: `whenFree` is then called once when it is released.
   */
  take(key: string, uid: string, whenFree: () => void): boolean;
  /** Gives up every lock of the Abnormal. */
  release(uid: string): void;
}

/**
 * @param held locks that are taken from the start: targets of attempts that a crash left open, with their Abnormals. They are released like any
 * other, once that Abnormal's attempt has an outcome.
 */
export function createTargetLocks(held: Iterable<{ key: string; uid: string }> = []): TargetLocks {
  const holders = new Map<string, string>();
  const waiting = new Map<string, Map<string, () => void>>();
  for (const { key, uid } of held) holders.set(key, uid);

  return {
    take: (key, uid, whenFree) => {
      const holder = holders.get(key);
      if (holder !== undefined && holder !== uid) {
        waiting.set(key, (waiting.get(key) ?? new Map<string, () => void>()).set(uid, whenFree));
        return false;
      }
      holders.set(key, uid);
      return true;
    },
    release: (uid) => {
      for (const [key, holder] of holders) {
        if (holder !== uid) continue;
        holders.delete(key);
        const queue = waiting.get(key);
        waiting.delete(key);
        for (const wake of queue?.values() ?? []) wake();
      }
    },
  };
}
