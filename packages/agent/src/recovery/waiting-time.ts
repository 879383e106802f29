/** How long something has been waited for, by the monotonic clock: a step of the wall clock neither ends nor prolongs it. */
export interface WaitingTime {
  /** @param since when it began, as the status says. What passed before this process looked is taken from the wall clock, once. */
  elapsedMs(uid: string, since: string): number;
  forget(uid: string): void;
}

export function createWaitingTime(clock: { now(): number; date(): Date }): WaitingTime {
  const known = new Map<string, { since: string; beforeMs: number; from: number }>();
  return {
    elapsedMs: (uid, since) => {
      let entry = known.get(uid);
      if (entry?.since !== since) {
        entry = { since, beforeMs: Math.max(0, clock.date().getTime() - Date.parse(since)), from: clock.now() };
        known.set(uid, entry);
      }
      return entry.beforeMs + clock.now() - entry.from;
    },
    forget: (uid) => void known.delete(uid),
  };
}
