import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { ObjectReference } from './kubernetes-object.ts';
import { RecentMap } from './recent-map.ts';
import { createTokenBucket } from './token-bucket.ts';
import type { TokenBucket } from './token-bucket.ts';

/** The two types of Events that there are. */
export type EventSeverity = 'Normal' | 'Warning';

/** Something to tell about an object. */
export interface Occurrence {
  regarding: ObjectReference;
  type: EventSeverity;
  reason: string;
  message: string;
}

/** What shall be written of it: occurrences of the same `key` are one Event with a count. */
export interface CorrelatedEvent extends Occurrence {
  key: string;
}

// The figures of client-go's EventCorrelator (tools/record/events_cache.go).
const REMEMBERED = 4_096;
const SIMILAR_LIMIT = 10;
const SIMILAR_WITHIN_MS = 600_000;
const OBJECT_BURST = 25;
const OBJECT_PER_SECOND = 1 / 300;

interface Similar {
  /** Their digests. */
  messages: Set<string>;
  lastAt: number;
}

/**
 * Decides what becomes of an occurrence, by the rules of client-go's correlator: at most 25 at once and one per five
 * minutes for one object (undefined: leave it out); more than ten different messages of one reason within ten minutes
 * become one Event "(combined from similar events)".
 */
export function createEventCorrelator(clock: Clock): (occurrence: Occurrence) => CorrelatedEvent | undefined {
  const buckets = new RecentMap<TokenBucket>(REMEMBERED);
  const similars = new RecentMap<Similar>(REMEMBERED);
  return (occurrence) => {
    const { regarding, type, reason, message } = occurrence;
    const about = [regarding.apiVersion, regarding.kind, regarding.namespace, regarding.name, regarding.uid, regarding.fieldPath].join(
      '\n',
    );
    const bucket = buckets.get(about) ?? createTokenBucket(clock, OBJECT_PER_SECOND, OBJECT_BURST);
    buckets.set(about, bucket);
    const group = [about, type, reason].join('\n');
    // Thousands of messages of 1 KiB are remembered otherwise.
    const digest = createHash('sha256').update(message).digest('base64url');
    const now = clock.now();
    let similar = similars.get(group);
    if (!similar || now - similar.lastAt > SIMILAR_WITHIN_MS) similar = { messages: new Set(), lastAt: now };
    similar.lastAt = now;
    if (similar.messages.size <= SIMILAR_LIMIT) similar.messages.add(digest);
    similars.set(group, similar);
    if (!bucket.tryTake()) return undefined;
    const combined = similar.messages.size > SIMILAR_LIMIT;
    return combined
      ? { ...occurrence, message: `(combined from similar events): ${message}`, key: `${group}\n` }
      : { ...occurrence, key: `${group}\n${digest}` };
  };
}
