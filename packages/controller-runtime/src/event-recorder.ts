import type { Registry } from 'prom-client';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { jitteredBackoff } from './backoff.ts';
import { sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createEventCorrelator } from './event-correlator.ts';
import type { CorrelatedEvent, EventSeverity } from './event-correlator.ts';
import type { KubernetesObject, ObjectReference } from './kubernetes-object.ts';
import type { Logger } from './logger.ts';
import { counterIn } from './metrics.ts';
import { secondsTime } from './micro-time.ts';
import { RecentMap } from './recent-map.ts';
import { eventType } from './resource-type.ts';
import { createTokenBucket } from './token-bucket.ts';

/** A core/v1 Event, as far as it is written here. */
export interface CoreEvent extends KubernetesObject {
  involvedObject: ObjectReference;
  type: EventSeverity;
  reason: string;
  message: string;
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
}

/** Tells the world about objects. It never throws and never waits: an Event is a courtesy, not a record. */
export interface EventRecorder {
  /**
   * @param regarding the object it is about; the Event goes into its namespace, or into `default` if it has none.
   * @param reason one word in CamelCase, for programs.
   * @param message one sentence, for people; cut at 1 KiB.
   */
  event(regarding: ObjectReference, type: EventSeverity, reason: string, message: string): void;
  /**
   * Resolves when everything that was recorded so far is written or dropped. What is not written after `patienceMs` (3 s when left out) is
   * dropped: the rate limit could hold a stopping process for a minute.
   */
  flush(patienceMs?: number): Promise<void>;
}

/** What {@link createEventRecorder} needs. */
export interface EventRecorderOptions {
  client: ApiClient;
  /** Who tells it: `source.component`. */
  component: string;
  host?: string;
  logger: Logger;
  /** Writes per second in the long run, and at once. 10 and 100 when left out. */
  qps?: number;
  burst?: number;
  /** Different Events that may wait to be written; more are dropped. 1000 when left out. */
  maxQueued?: number;
  /** Receives events_recorded_total and events_dropped_total{reason}. */
  metrics?: Registry;
  clock?: Clock;
}

interface Pending extends CorrelatedEvent {
  /** Chosen once, so that a second try after a lost answer finds the first. */
  name: string;
  occurrences: number;
  firstAt: Date;
  lastAt: Date;
}

/** An Event that exists on the server already. */
interface Written {
  namespace: string;
  name: string;
  count: number;
}

/** The limit of events.k8s.io/v1 `note`. */
const MAX_MESSAGE_BYTES = 1_024;
const WRITE_TRIES = 4;
const WRITE_BACKOFF = { baseMs: 500, maxMs: 5_000 };

/**
 * Writes core/v1 Events in the background: occurrences that say the same about the same object become one Event with a
 * count, also while they wait; see `createEventCorrelator` for the limits per object. What does not fit in the queue, or
 * is refused by the server, is dropped and counted.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, host = '', logger, clock = systemClock, maxQueued = 1_000 } = options;
  const recorded = counterIn(options.metrics, 'events_recorded_total', 'Events that were written, by type.', ['type']);
  const dropped = counterIn(options.metrics, 'events_dropped_total', 'Occurrences that were not written, by reason.', ['reason']);
  const correlate = createEventCorrelator(clock);
  const rate = createTokenBucket(clock, options.qps ?? 10, options.burst ?? 100);
  const pending = new Map<string, Pending>();
  const written = new RecentMap<Written>(4_096);
  let serial = 0;
  let writing: Promise<void> | undefined;

  const create = async (event: Pending): Promise<void> => {
    const namespace = event.regarding.namespace || 'default';
    const object: CoreEvent = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: event.name },
      involvedObject: event.regarding,
      type: event.type,
      reason: event.reason,
      message: event.message,
      count: event.occurrences,
      firstTimestamp: secondsTime(event.firstAt),
      lastTimestamp: secondsTime(event.lastAt),
      source: host ? { component, host } : { component },
      reportingComponent: component,
      reportingInstance: host,
    };
    try {
      await client.create(eventType, object);
    } catch (error) {
      // A second try after a lost answer finds our own Event.
      if (!(error instanceof ApiError && error.isAlreadyExists)) throw error;
    }
    written.set(event.key, { namespace, name: event.name, count: event.occurrences });
  };

  const write = async (event: Pending): Promise<void> => {
    const known = written.get(event.key);
    if (!known) return create(event);
    const count = known.count + event.occurrences;
    try {
      await client.patch(eventType, known, { count, lastTimestamp: secondsTime(event.lastAt), message: event.message }, { type: 'merge' });
      written.set(event.key, { ...known, count });
    } catch (error) {
      // Events expire after an hour.
      if (!(error instanceof ApiError && error.isNotFound)) throw error;
      written.delete(event.key);
      await create(event);
    }
  };

  const writeSurely = async (event: Pending): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await write(event);
        recorded?.inc({ type: event.type });
        return;
      } catch (err) {
        const again = err instanceof ApiError && (err.status === 0 || err.status === 429 || err.status >= 500);
        if (!again || tries >= WRITE_TRIES) {
          dropped?.inc({ reason: again ? 'unreachable' : 'refused' }, event.occurrences);
          logger.warn({ err, reason: event.reason, regarding: event.regarding }, 'an Event could not be written and is dropped');
          return;
        }
        await sleep(clock, jitteredBackoff(tries, WRITE_BACKOFF, Math.random));
      }
    }
  };

  const drain = async (): Promise<void> => {
    for (let [next] = pending; next; [next] = pending) {
      // Wait first and take then: what is repeated meanwhile is counted, not written again.
      if (!rate.tryTake()) {
        await sleep(clock, rate.waitMs());
        continue;
      }
      pending.delete(next[0]);
      await writeSurely(next[1]);
    }
    writing = undefined;
  };

  return {
    event: (regarding, type, reason, message) => {
      const event = correlate({ regarding, type, reason, message: cut(message) });
      if (!event) return void dropped?.inc({ reason: 'object_rate' });
      const now = clock.date();
      const waiting = pending.get(event.key);
      if (waiting) {
        waiting.occurrences += 1;
        waiting.lastAt = now;
        waiting.message = event.message;
        return;
      }
      if (pending.size >= maxQueued) return void dropped?.inc({ reason: 'queue_full' });
      serial += 1;
      pending.set(event.key, { ...event, name: eventName(regarding, now, serial), occurrences: 1, firstAt: now, lastAt: now });
      // Not in the caller's stack: an Event must not slow down what it tells about.
      writing ??= Promise.resolve().then(drain);
    },
    flush: async (patienceMs = 3_000) => {
      if (!writing) return;
      const patience = new AbortController();
      const impatient = sleep(systemClock, patienceMs, patience.signal).then(() => {
        if (patience.signal.aborted) return;
        dropped?.inc({ reason: 'stopped' }, pending.size);
        pending.clear();
      });
      await Promise.race([writing, impatient]);
      patience.abort();
    },
  };
}

/** `<object>.<hex>` as client-go names them, within the 253 characters of a name. */
function eventName(regarding: ObjectReference, now: Date, serial: number): string {
  const suffix = `${now.getTime().toString(16)}${serial.toString(16).padStart(4, '0')}`;
  return `${(regarding.name ?? 'unknown').slice(0, 252 - suffix.length)}.${suffix}`;
}

function cut(message: string): string {
  if (Buffer.byteLength(message) <= MAX_MESSAGE_BYTES) return message;
  // Cutting bytes may cut a character in two, which shows as U+FFFD.
  const text = Buffer.from(message)
    .subarray(0, MAX_MESSAGE_BYTES - 3)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${text}…`;
}
