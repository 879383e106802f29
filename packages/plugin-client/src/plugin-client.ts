import type { ClientRequest, IncomingMessage } from 'node:http';
import {
  type Artifact,
  type CollectRequest,
  type DiagnoseRequest,
  type Endpoint,
  type RecoverRequest,
  type Role,
  ActAnswer,
  CollectAnswer,
  DiagnoseAnswer,
  LIMITS,
  Manifest,
  PROTOCOL,
  PlanAnswer,
  ProbeAnswers,
  type RecoverAnswer,
  readAnswer,
  shapeError,
} from '@kdr/api-types';
import type { TUnion } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { type ArtifactWriter, checkAnnounced, streamArtifact } from './artifact-pull.ts';
import { createBulkhead } from './bulkhead.ts';
import { beforeAbort, startDeadline } from './call-deadline.ts';
import { StaleConnection, exchange } from './exchange.ts';
import { badAnswer, parseJson, readBody } from './json-body.ts';
import { PluginError } from './plugin-error.ts';
import { statusError } from './status-error.ts';
import { type RemoteOptions, openTransport } from './transport.ts';

export interface PluginClientOptions extends RemoteOptions {
  /** Name of the registration: what the manifest must say, and how errors call the plugin. Absent: not checked (a plugin not yet registered). */
  name?: string;
  /** Role that the manifest must say. Absent: not checked. */
  role?: Role;
  /** Milliseconds for one call from its start to the last byte, turns included. Default 10,000. */
  timeoutMs?: number;
  /** Calls at once; more wait their turn, up to 256 of them, then KDR_BUSY. Default 4. */
  concurrency?: number;
  /** W3C traceparent of the call that is made now; sent where it is well-formed. */
  trace?: () => string | undefined;
}

export interface CallOptions {
  /** Default: the client's. Set it to what is left until the request's `deadline`. */
  timeoutMs?: number;
  /** Ends the call early, with KDR_PLUGIN_ABORTED. */
  signal?: AbortSignal;
}

/** Calls one plugin. Every method throws PluginError and nothing else, except what `artifact`'s writer throws. */
export interface PluginClient {
  /** What the plugin says of itself. @throws KDR_PLUGIN_WRONG_ROLE (another role or name), KDR_PLUGIN_PROTOCOL (no v1) */
  manifest(options?: CallOptions): Promise<Manifest>;
  /** Resolves where `GET /readyz` answers 200. Takes no turn: a plugin busy with calls can still be ready. */
  ready(options?: CallOptions): Promise<void>;
  collect(request: CollectRequest, options?: CallOptions): Promise<CollectAnswer>;
  diagnose(request: DiagnoseRequest, options?: CallOptions): Promise<DiagnoseAnswer>;
  /** The answer fits the mode. An Act goes over a connection of its own and is never repeated; `sent` tells whether it may have arrived. */
  recover(request: RecoverRequest, options?: CallOptions): Promise<RecoverAnswer>;
  /**
   * Streams an artifact to `write`, checks size and sha256, then releases it: `DELETE /v1/artifacts/{id}`, best effort, since the plugin drops
   * it sooner or later anyway. GET may be repeated until then. What was written is worth nothing if this throws. Default 60 s.
   */
  artifact(artifact: Artifact, write: ArtifactWriter, options?: CallOptions): Promise<void>;
  /** Closes kept connections; running calls go on. */
  close(): void;
}

const QUEUE = 256;
const ARTIFACT_TIMEOUT_MS = 60_000;
const RELEASE_TIMEOUT_MS = 2_000;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const BY_MODE = { Plan: PlanAnswer, Act: ActAnswer, Probe: ProbeAnswers } as const;

interface Ask extends CallOptions {
  body?: unknown;
  /** Waits for a turn in the bulkhead. */
  turn?: boolean;
  /** Sent at most once, on a connection of its own. */
  once?: boolean;
}

function describe(endpoint: Endpoint): string {
  return endpoint.local?.socket ?? endpoint.url?.url ?? `${endpoint.service?.namespace}/${endpoint.service?.name}`;
}

/** Opens a client; no connection is made yet. @throws PluginError KDR_ENDPOINT_REFUSED for an endpoint that may not be called. */
export function createPluginClient(endpoint: Endpoint, options: PluginClientOptions = {}): PluginClient {
  const { timeoutMs: defaultTimeoutMs = 10_000, concurrency = 4, trace } = options;
  const name = options.name ?? describe(endpoint);
  const transport = openTransport(name, endpoint, concurrency, options);
  const bulkhead = createBulkhead(name, concurrency, QUEUE);

  async function headers(body: string | undefined, signal: AbortSignal): Promise<Record<string, string>> {
    const traceparent = trace?.() ?? '';
    const token = transport.token && (await beforeAbort(transport.token(), signal));
    return {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...(TRACEPARENT.test(traceparent) && { traceparent }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }

  async function openRequest(
    method: string,
    path: string,
    body: string | undefined,
    signal: AbortSignal,
    fresh: boolean,
  ): Promise<ClientRequest> {
    try {
      return transport.open({ method, path, headers: await headers(body, signal), fresh });
    } catch (cause) {
      signal.throwIfAborted();
      throw new PluginError('KDR_PLUGIN_UNREACHABLE', `${name}: no request can be made: ${String(cause)}`, {
        retryable: true,
        sent: false,
        cause,
      });
    }
  }

  /** One call: deadline, turn, request, at most one repetition on a stale kept connection, and the status. */
  async function call<T>(method: string, path: string, ask: Ask, read: (response: IncomingMessage) => Promise<T>): Promise<T> {
    const body = ask.body === undefined ? undefined : encode(ask.body);
    const deadline = startDeadline(name, ask.timeoutMs ?? defaultTimeoutMs, ask.signal);
    let leave: (() => void) | undefined;
    const send = async (fresh: boolean): Promise<T> =>
      exchange(name, await openRequest(method, path, body, deadline.signal, fresh), body, deadline, async (response) => {
        if (response.statusCode !== 200) throw await statusError(name, response);
        return await read(response);
      });
    try {
      if (ask.turn) leave = await bulkhead.enter(deadline.signal);
      return await send(ask.once === true).catch((error: unknown) => {
        if (error instanceof StaleConnection) return send(true);
        throw error;
      });
    } catch (error) {
      throw error === deadline.signal.reason ? deadline.error(false) : error;
    } finally {
      leave?.();
      deadline.end();
    }
  }

  function encode(value: unknown): string {
    const body = JSON.stringify(value);
    if (Buffer.byteLength(body) <= LIMITS.requestBytes) return body;
    throw new PluginError('KDR_REQUEST_TOO_LARGE', `${name}: the request has ${body.length} characters`, { retryable: false, sent: false });
  }

  const json = async (response: IncomingMessage) => parseJson(name, response, await readBody(name, response));

  async function post<T extends TUnion>(path: string, schema: T, body: unknown, options: CallOptions = {}, once = false) {
    const result = readAnswer(schema, await call('POST', path, { ...options, body, once, turn: true }, json));
    if ('error' in result) throw badAnswer(name, `the answer is not of the protocol’s shape: ${result.error}`);
    return result.answer;
  }

  function readManifest(value: unknown): Manifest {
    const fail = (code: 'KDR_PLUGIN_PROTOCOL' | 'KDR_PLUGIN_WRONG_ROLE', why: string) =>
      new PluginError(code, `${name}: ${why}`, { retryable: false, sent: true });
    const protocols = value instanceof Object && 'protocols' in value && Array.isArray(value.protocols) ? value.protocols : undefined;
    if (protocols !== undefined && !protocols.includes(PROTOCOL))
      throw fail('KDR_PLUGIN_PROTOCOL', `speaks none but ${protocols.join(', ').slice(0, 64)}`);
    const manifest = Value.Default(Manifest, value) as Manifest;
    const error = shapeError(Manifest, manifest);
    if (error !== undefined) throw badAnswer(name, `the manifest is not of the protocol’s shape: ${error}`);
    if (options.role !== undefined && manifest.role !== options.role)
      throw fail('KDR_PLUGIN_WRONG_ROLE', `is a ${manifest.role}, not a ${options.role}`);
    if (options.name !== undefined && manifest.name !== options.name) throw fail('KDR_PLUGIN_WRONG_ROLE', `calls itself ${manifest.name}`);
    return Value.Clean(Manifest, manifest) as Manifest;
  }

  return {
    manifest: async (options = {}) => readManifest(await call('GET', '/v1/manifest', options, json)),
    ready: (options = {}) => call('GET', '/readyz', options, async (response) => void (await readBody(name, response))),
    collect: (request, options) => post('/v1/collect', CollectAnswer, request, options),
    diagnose: (request, options) => post('/v1/diagnose', DiagnoseAnswer, request, options),
    recover: (request, options) => post('/v1/recover', BY_MODE[request.mode], request, options, request.mode === 'Act'),
    async artifact(artifact, write, options = {}) {
      checkAnnounced(name, artifact);
      const path = `/v1/artifacts/${encodeURIComponent(artifact.id)}`;
      const pull: Ask = { timeoutMs: ARTIFACT_TIMEOUT_MS, ...options, once: true, turn: true };
      await call('GET', path, pull, (response) => streamArtifact(name, artifact, response, write));
      await call('DELETE', path, { timeoutMs: RELEASE_TIMEOUT_MS }, async (response) => void (await readBody(name, response))).catch(
        () => undefined,
      );
    },
    close: () => transport.close(),
  };
}
