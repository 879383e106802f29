import type { Clock } from './clock.ts';

/** Lets `burst` through at once and `perSecond` in the long run. */
export interface TokenBucket {
  /** Takes a token if there is one. */
  tryTake(): boolean;
  /** Milliseconds until there is one. */
  waitMs(): number;
}

/** A full bucket. */
export function createTokenBucket(clock: Clock, perSecond: number, burst: number): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();
  const fill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
  };
  return {
    tryTake: () => {
      fill();
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
    waitMs: () => {
      fill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
    },
  };
}
