import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';
import type { Status } from './api-error.ts';
import { createLineSplitter } from './line-splitter.ts';

/** One change. A BOOKMARK carries nothing but a resourceVersion from which a later watch may start. */
export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

/** When a stream is given up. */
export interface WatchLimits {
  /** A stream without a single byte for so long is given up: bookmarks come about once a minute. */
  idleTimeoutMs: number;
  /** The longest event. */
  maxLineBytes: number;
}

/** Events that may wait for the reader before the socket is paused, so that a slow reader does not fill the memory. */
const HIGH_WATER = 256;

/**
 * Reads a watch answer as events. The iteration ends when the server ends the stream, and throws an ApiError when the
 * stream breaks, is idle for too long, carries an ERROR event or something that is no event (`MalformedWatchEvent`).
 * Leaving the iteration, and an abort of the signal, close the connection.
 */
export function readWatch<T>(
  response: IncomingMessage,
  signal: AbortSignal | undefined,
  limits: WatchLimits,
): AsyncIterableIterator<WatchEvent<T>> {
  const waiting: WatchEvent<T>[] = [];
  let head = 0;
  let failure: ApiError | undefined;
  let finished = false;
  let wake: (() => void) | undefined;

  const finish = (error?: ApiError): void => {
    if (finished) return;
    finished = true;
    failure = error;
    clearTimeout(idle);
    signal?.removeEventListener('abort', onAbort);
    // Destroying an answer that was read to its end would throw its reusable connection away.
    if (error || !response.complete) response.destroy();
    wake?.();
  };
  const onAbort = (): void => finish(new ApiError({ status: 0, reason: 'Aborted', message: 'The watch was stopped.' }));
  const idle = setTimeout(() => {
    // While the reader is behind, the silence is ours.
    if (response.isPaused()) return void idle.refresh();
    const message = `The watch was silent for ${limits.idleTimeoutMs} ms, not even a bookmark came: the connection is taken for dead.`;
    finish(new ApiError({ status: 0, reason: 'WatchIdle', message }));
  }, limits.idleTimeoutMs);

  const splitter = createLineSplitter(limits.maxLineBytes);
  const onLine = (line: string): void => {
    if (!finished) waiting.push(parseEvent<T>(line));
  };
  response.on('data', (chunk: Buffer) => {
    if (finished) return;
    idle.refresh();
    try {
      splitter.push(chunk, onLine);
    } catch (error) {
      finish(error instanceof ApiError ? error : malformed(error instanceof Error ? error.message : String(error)));
    }
    if (waiting.length - head > HIGH_WATER) response.pause();
    wake?.();
  });
  response.on('end', () => finish(splitter.unfinished ? truncated() : undefined));
  response.on('error', (cause) =>
    finish(new ApiError({ status: 0, reason: 'Unreachable', message: `The watch broke: ${cause.message}`, cause })),
  );
  response.on('close', () => finish(response.complete ? undefined : truncated()));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort);

  const next = async (): Promise<IteratorResult<WatchEvent<T>>> => {
    for (;;) {
      const event = waiting[head];
      if (event) {
        head += 1;
        if (head === waiting.length) {
          waiting.length = head = 0;
          if (response.isPaused() && !finished) response.resume();
        }
        return { done: false, value: event };
      }
      if (failure) throw failure;
      if (finished) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (wake = resolve));
      wake = undefined;
    }
  };
  return {
    next,
    return: () => {
      finish();
      waiting.length = head = 0;
      failure = undefined;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function parseEvent<T>(line: string): WatchEvent<T> {
  let event: { type?: unknown; object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (cause) {
    throw malformed(`a line is not JSON (${cause instanceof Error ? cause.message : 'unreadable'})`);
  }
  if (event === null || typeof event !== 'object' || typeof event.object !== 'object' || event.object === null)
    throw malformed('a line has no object');
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return event as WatchEvent<T>;
    case 'ERROR':
      throw ApiError.fromStatus(event.object as Status, { code: 500, message: 'The API server ended the watch with an error.' });
    default:
      throw malformed(`the event type ${JSON.stringify(event.type)?.slice(0, 40)} is unknown`);
  }
}

function malformed(why: string): ApiError {
  return new ApiError({ status: 0, reason: 'MalformedWatchEvent', message: `The watch carried something that is no event: ${why}.` });
}

/** The event that was cut will be sent again to a watch from the last resourceVersion, so nothing is lost. */
function truncated(): ApiError {
  return new ApiError({ status: 0, reason: 'Unreachable', message: 'The watch ended in the middle of the answer.' });
}
