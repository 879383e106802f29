import type { Clock } from '../clock.ts';

/** A clock that stands still until it is advanced. Timers fire in order, with room for promises between them. */
export interface VirtualClock extends Clock {
  advance(ms: number): Promise<void>;
}

export function createVirtualClock(): VirtualClock {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    schedule: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: async (ms) => {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.callback();
        await settle();
      }
      now = end;
    },
  };
}

/** A clock that jumps over every pause at once and remembers how long each would have been. */
export interface JumpingClock extends Clock {
  readonly pauses: number[];
}

export function createJumpingClock(): JumpingClock {
  let now = 0;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    schedule: (ms, callback) => {
      const immediate = setImmediate(() => {
        now += ms;
        pauses.push(ms);
        callback();
      });
      return () => clearImmediate(immediate);
    },
  };
}
