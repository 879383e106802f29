import type { Registry } from 'prom-client';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { jitteredBackoff } from './backoff.ts';
import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { listPages } from './list-pages.ts';
import type { Selection } from './list-pages.ts';
import type { Logger } from './logger.ts';
import { counterIn } from './metrics.ts';
import type { ResourceType } from './resource-type.ts';

/** Receives what the API server says. Its methods must not throw. */
export interface ReflectorSink<T> {
  /** A complete list begins: what is not seen until {@link endList} is gone. */
  beginList(): void;
  /** False: this is no object of a kind that can be kept (it has no name). */
  listed(object: T): boolean;
  endList(): void;
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): boolean;
}

/** What {@link createReflector} needs. */
export interface ReflectorOptions<T> extends Selection {
  client: ApiClient;
  type: ResourceType;
  sink: ReflectorSink<T>;
  logger: Logger;
  metrics?: Registry;
  clock: Clock;
  random: () => number;
  idleTimeoutMs?: number;
  maxLineBytes?: number;
}

/** The limits of client-go's reflector: 0.8 s, doubled up to 30 s. */
const BACKOFF = { baseMs: 800, maxMs: 30_000 };
/** A stream that stood this long did its work, even if nothing happened on it. */
const STEADY_MS = 5_000;
/** Pause before a watch is renewed after a good one, so that a fleet does not come back in one instant. */
const RENEW_WITHIN_MS = 250;

/** One list and watch. */
interface Turn {
  /**
   * The watch brought something new, or a sign of life after a while. A list is none: a server that ends every watch
   * would be listed in a tight loop. Nor is a long wait for an answer that never came.
   */
  progress: boolean;
  failure?: ApiError;
}

/** Where the reflector stands. Without a position a list is needed. */
interface Position {
  resourceVersion?: string;
  /** The version with which the next list may be content; '' asks for the newest state. */
  listFrom: string;
}

/**
 * Mirrors one collection of the API server into a sink: list, then watch from where the list ended, for ever, in the
 * way of client-go's reflector. One loop does everything in sequence and closes each stream before it opens the next,
 * so there is never a second watch. It ends when the signal aborts and in no other case: 401, 403 and 404 are tried
 * again too (a role or a CRD may come later), loudly.
 */
export function createReflector<T extends KubernetesObject>(options: ReflectorOptions<T>): { run(signal: AbortSignal): Promise<void> } {
  const { client, type, sink, clock, random, metrics, namespace, fieldSelector, labelSelector } = options;
  const selection: Selection = { namespace, fieldSelector, labelSelector };
  const resource = type.plural;
  const logger = options.logger.child({ resource });
  const lists = counterIn(metrics, 'reflector_lists_total', 'Full lists that a reflector made.', ['resource']);
  const restarts = counterIn(metrics, 'reflector_watch_restarts_total', 'Watches that ended and were started again, by reason.', [
    'resource',
    'reason',
  ]);
  const malformed = counterIn(metrics, 'reflector_malformed_total', 'Events and list items that could not be used.', ['resource']);

  const list = async (position: Position, signal: AbortSignal): Promise<void> => {
    lists?.inc({ resource });
    const onItem = (item: T): void => {
      if (!sink.listed(item)) malformed?.inc({ resource });
    };
    const from = (resourceVersion: string): Promise<string> =>
      listPages<T>(client, type, { ...selection, resourceVersion, signal }, sink.beginList, onItem);
    let version: string;
    try {
      version = await from(position.listFrom);
    } catch (error) {
      if (position.listFrom === '' || !isVersionUnavailable(error)) throw error;
      version = await from('');
    }
    sink.endList();
    position.resourceVersion = version;
    position.listFrom = version;
  };

  /** Returns when the server ends the stream in good order. */
  const follow = async (position: Position, turn: Turn, signal: AbortSignal): Promise<void> => {
    const { resourceVersion } = position;
    const { idleTimeoutMs, maxLineBytes } = options;
    const openedAt = clock.now();
    const noteProgress = (): void => {
      turn.progress ||= position.resourceVersion !== resourceVersion || clock.now() - openedAt >= STEADY_MS;
    };
    for await (const event of client.watch<T>(type, { ...selection, resourceVersion, signal, idleTimeoutMs, maxLineBytes })) {
      const version = event.object.metadata?.resourceVersion;
      const usable = version !== undefined && (event.type === 'BOOKMARK' || sink.changed(event.type, event.object));
      if (!usable) throw unusable(event.type, resource);
      position.resourceVersion = version;
      position.listFrom = version;
      noteProgress();
    }
    noteProgress();
  };

  const take = async (position: Position, signal: AbortSignal): Promise<Turn> => {
    const turn: Turn = { progress: false };
    try {
      if (position.resourceVersion === undefined) await list(position, signal);
      await follow(position, turn, signal);
    } catch (error) {
      turn.failure = asApiError(error);
      const { isGone, reason } = turn.failure;
      if (isGone || reason === 'MalformedWatchEvent') position.resourceVersion = undefined;
      if (reason === 'MalformedWatchEvent') malformed?.inc({ resource });
    }
    return turn;
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const position: Position = { listFrom: '0' };
    let failures = 0;
    while (!signal.aborted) {
      const { progress, failure } = await take(position, signal);
      if (signal.aborted) return;
      failures = progress ? 0 : failures + 1;
      restarts?.inc({ resource, reason: restartReason(failure) });
      // One failure is the course of things: servers are restarted, connections break, versions expire.
      if (failure) logger[failures <= 1 ? 'info' : 'warn']({ err: failure, failures }, 'the watch failed and will be resumed');
      const pauseMs = failures === 0 ? random() * RENEW_WITHIN_MS : jitteredBackoff(failures, BACKOFF, random);
      const askedToWaitMs = Math.min((failure?.retryAfterSeconds ?? 0) * 1000, BACKOFF.maxMs);
      await sleep(clock, Math.max(pauseMs, askedToWaitMs), signal);
    }
  };
  return { run };
}

function restartReason(failure: ApiError | undefined): string {
  if (!failure) return 'Ended';
  return failure.isGone ? 'Expired' : failure.reason;
}

function unusable(eventType: string, resource: string): ApiError {
  return new ApiError({
    status: 0,
    reason: 'MalformedWatchEvent',
    message: `An event ${eventType} of ${resource} carries an object without metadata.`,
  });
}

/** The version is compacted (410), or the server is behind it or was restored from a backup (504 with this cause). */
function isVersionUnavailable(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.isGone || (error.details?.causes ?? []).some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError({ status: 0, reason: 'InternalError', message, cause: error });
}
