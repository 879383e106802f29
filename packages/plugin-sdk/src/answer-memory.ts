import { KdrError } from '@kdr/api-types';

/** How long an answer is remembered, and how many of them: more than an agent's retries need, and bounded. */
const LIFETIME_MS = 15 * 60_000;
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;

interface Entry {
  digest: string;
  answer: Promise<string>;
  at: number;
  bytes: number;
}

/** Makes the same requestId have the effect of once: while the first call runs, all get its result; afterwards, the same bytes. */
export interface AnswerMemory {
  /** @throws KdrError KDR_DUPLICATE_REQUEST: same id, another question. What `run` throws is not remembered: that call has no answer yet. */
  once(requestId: string, digest: string, run: () => Promise<string>): Promise<string>;
}

/** @param now monotonic milliseconds */
export function createAnswerMemory(now: () => number = () => performance.now()): AnswerMemory {
  // In order of arrival, which is the order of expiry.
  const entries = new Map<string, Entry>();
  let bytes = 0;

  function forget(requestId: string): void {
    bytes -= entries.get(requestId)?.bytes ?? 0;
    entries.delete(requestId);
  }
  function trim(): void {
    for (const [requestId, entry] of entries) {
      const running = entry.bytes === 0;
      if (running || (entries.size <= MAX_ENTRIES && bytes <= MAX_BYTES && now() - entry.at < LIFETIME_MS)) continue;
      forget(requestId);
    }
  }
  async function remember(requestId: string, entry: Entry): Promise<void> {
    try {
      entry.bytes = Buffer.byteLength(await entry.answer);
      bytes += entry.bytes;
      trim();
    } catch {
      forget(requestId);
    }
  }

  return {
    once(requestId, digest, run) {
      trim();
      const known = entries.get(requestId);
      if (known) {
        if (known.digest === digest) return known.answer;
        throw new KdrError('KDR_DUPLICATE_REQUEST', `requestId ${requestId} was used before, with another body`);
      }
      const entry: Entry = { digest, answer: run(), at: now(), bytes: 0 };
      entries.set(requestId, entry);
      void remember(requestId, entry);
      return entry.answer;
    },
  };
}
