import { type Envelope, KdrError, shapeError } from '@kdr/api-types';
import type { Logger } from 'pino';
import type { ActOnce } from './act-once.ts';
import { createAnswerMemory } from './answer-memory.ts';
import type { ArtifactSpool } from './artifact-spool.ts';
import type { Caller } from './caller.ts';
import { execute } from './execute.ts';
import { SHAPES } from './openapi.ts';
import type { Plugin, PluginRequest } from './plugin.ts';
import { requestDigest } from './request-digest.ts';
import type { RunningCalls } from './running-calls.ts';

/** The longest that any call may take: what a registration's timeoutSeconds allows at most. */
const MAX_CALL_MS = 300_000;

interface Parts {
  plugin: Plugin;
  calls: RunningCalls;
  spool: ArtifactSpool;
  log: Logger;
  once?: ActOnce;
}

function readRequest(plugin: Plugin, body: unknown): PluginRequest {
  const protocol = body instanceof Object && 'protocol' in body ? body.protocol : undefined;
  if (typeof protocol === 'string' && protocol !== 'v1') {
    throw new KdrError('KDR_PLUGIN_PROTOCOL', `protocol: this plugin speaks v1, not ${protocol.slice(0, 32)}`);
  }
  const error = shapeError(SHAPES[plugin.manifest.role].request, body);
  if (error !== undefined) throw new KdrError('KDR_BAD_REQUEST', error);
  return body as PluginRequest;
}

function millisecondsLeft({ deadline }: Pick<Envelope, 'deadline'>): number {
  const left = Date.parse(deadline) - Date.now();
  if (left <= 0) throw new KdrError('KDR_PLUGIN_TIMEOUT', 'the deadline had passed when the call arrived; do the clocks agree?');
  return Math.min(left, MAX_CALL_MS);
}

/** Rejects when the signal aborts, whatever the work does: the caller has gone by then. */
async function beforeDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => undefined as void;
  const late = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The answer to one caller is not for another who has come to know its requestId. */
function asker(caller: Caller | undefined): string {
  return caller ? `${caller.node ?? ''} ${caller.user} ` : '';
}

/** @param caller who asks, where a token said so */
export type CallRoute = (body: unknown, trace: string, caller?: Caller) => Promise<string>;

/** From the body of a POST to the text of its answer: shape, idempotency, concurrency, deadline. Throws KdrErrors and what the plugin throws. */
export function createCallRoute({ plugin, calls, spool, log, once }: Parts): CallRoute {
  const memory = createAnswerMemory();
  return async (body, trace, caller) => {
    const request = readRequest(plugin, body);
    const digest = requestDigest(request);
    const deadline = new AbortController();
    const timer = setTimeout(
      () => deadline.abort(new KdrError('KDR_PLUGIN_TIMEOUT', 'the call’s deadline has passed')),
      millisecondsLeft(request),
    );
    const { namespace, name } = request.abnormal;
    const services = {
      log: log.child({ requestId: request.requestId, abnormal: `${namespace}/${name}`, ...(trace !== '' && { traceparent: trace }) }),
      signal: deadline.signal,
      traceparent: trace,
      artifact: spool.store,
      ...(caller && { caller }),
    };
    try {
      const answer = memory.once(asker(caller) + request.requestId, digest, () =>
        calls.run(deadline.signal, async () => JSON.stringify(await execute(plugin, request, services, once))),
      );
      return await beforeDeadline(answer, deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  };
}
