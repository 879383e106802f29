import { setTimeout as delay } from 'node:timers/promises';

/** Looks every 10 ms until `look` answers something, at most 10 s. */
export async function eventually<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await delay(10)) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`did not see within 10 s: ${what}`);
}
