import type { Registry } from 'prom-client';
import { ApiError } from './api-error.ts';
import type { ApiServerConfig } from './api-server-config.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createCredentials } from './credentials.ts';
import { createHttpTransport } from './http-transport.ts';
import type { KubernetesObject, ObjectList } from './kubernetes-object.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';
import { createRequester, requestCounter } from './requester.ts';
import { apiVersionOf, collectionPath, objectPath } from './resource-type.ts';
import type { ResourceType } from './resource-type.ts';
import { createWatchOpener } from './watch-opener.ts';
import type { WatchEvent } from './watch-stream.ts';

/** The place of one object. `namespace` is left out for cluster-scoped kinds. */
export interface ObjectAddress {
  namespace?: string;
  name: string;
}

/** For a request that must not wait as long as the others. */
export interface RequestLimits {
  /** The client's own deadline when left out. */
  timeoutMs?: number;
}

/** What to list, and from which version. */
export interface ListOptions {
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
  limit?: number;
  continue?: string;
  /** `''` or left out: the newest state, through the storage. `'0'`: whatever the server has in memory. Another: that state or a later one. */
  resourceVersion?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What to watch, from which version, and when to give a stream up. */
export interface WatchOptions {
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
  resourceVersion?: string;
  /** When the server shall end the stream, in seconds; random between 300 and 600 when left out, like client-go. */
  timeoutSeconds?: number;
  /** Ask for bookmarks; true when left out. Without them a quiet watch cannot be told from a dead one. */
  allowWatchBookmarks?: boolean;
  /** 90 000 ms when left out. */
  idleTimeoutMs?: number;
  /** 16 MiB when left out: the API server accepts objects of up to 3 MiB, and escaping makes text longer. */
  maxLineBytes?: number;
  signal?: AbortSignal;
}

/** On what condition to delete, and what becomes of the objects that this one owns. */
export interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

/** Talks to one API server. Every method rejects with an {@link ApiError}, or with a TypeError when called wrongly (no name, no namespace). */
export interface ApiClient {
  get<T>(type: ResourceType, at: ObjectAddress, options?: RequestLimits): Promise<T>;
  list<T>(type: ResourceType, options?: ListOptions): Promise<ObjectList<T>>;
  /** The namespace is the object's own. `apiVersion` and `kind` are filled in when absent. */
  create<T>(type: ResourceType, object: T, options?: RequestLimits): Promise<T>;
  /** With a `metadata.resourceVersion` the server answers 409 if the object has changed; without one it overwrites. */
  replace<T>(type: ResourceType, object: T, options?: RequestLimits & { subresource?: string }): Promise<T>;
  /** `merge`: RFC 7386, the body is an object. `json`: RFC 6902, the body is a list of operations. */
  patch<T>(type: ResourceType, at: ObjectAddress, body: unknown, options: { type: 'merge' | 'json'; subresource?: 'status' }): Promise<T>;
  delete(type: ResourceType, at: ObjectAddress, options?: DeleteOptions): Promise<void>;
  /** Opens a watch at the first step of the iteration. See `readWatch` for how it ends. Informers are the usual way to use it. */
  watch<T>(type: ResourceType, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Anything else: discovery, version, reviews. JSON answers come parsed, others as text. `body` is sent as JSON. */
  request(method: string, path: string, body?: unknown, options?: { contentType?: string; timeoutMs?: number }): Promise<unknown>;
  /**
   * What the API server's clock says, to the second: the header Date of a small request. For comparing with times that the server wrote, whatever
   * the clock of this machine says.
   */
  serverTime(): Promise<Date>;
  /** Closes all connections. Requests and watches under way fail as `Unreachable`. */
  close(): Promise<void>;
}

/** How {@link createApiClient} behaves. */
export interface ApiClientOptions {
  logger?: Logger;
  /** From the call to the last byte of the answer, waits and second tries included. 10 s when left out. */
  requestTimeoutMs?: number;
  /** Connections for requests; watches have their own. 32 when left out. */
  maxSockets?: number;
  /** Receives rest_client_requests_total and rest_client_request_duration_seconds. */
  metrics?: Registry;
  clock?: Clock;
  /** Between 0 and 1; Math.random when left out. */
  random?: () => number;
}

/**
 * A client for any Kubernetes API server, on raw node:https: one pool of keep-alive connections, a deadline for every
 * request, no client-side rate limit (the server's priority and fairness says 429, which is honoured).
 *
 * A request is sent a second time when a reused connection breaks before the answer **and** doing it twice does no harm
 * (reads, creates with a fixed name, writes with a resourceVersion, deletes with a precondition; see `ApiError.retried`),
 * once after a 401 if the token file or the source of tokens has a new one, and after the pause that a 429 (any verb: it was not carried out)
 * or a 503 (harmless ones) asks for.
 */
export function createApiClient(config: ApiServerConfig, options: ApiClientOptions = {}): ApiClient {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const logger = options.logger ?? silentLogger();
  const requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
  const transport = createHttpTransport(config, { maxSockets: options.maxSockets ?? 32 });
  const credentials = createCredentials(config, clock);
  const send = createRequester({ transport, credentials, logger, clock, random, metrics: options.metrics });
  const openWatch = createWatchOpener({ transport, credentials, requests: requestCounter(options.metrics), timeoutMs: requestTimeoutMs });
  const ask = async <T>(method: string, path: string, body: unknown, harmless: boolean, extra: Extra = {}): Promise<T> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await send({ method, path, body: text, harmless, ...extra, timeoutMs: extra.timeoutMs ?? requestTimeoutMs });
    return parseBody<T>(answer.body, `${method} ${path}`);
  };

  return {
    get: async (type, at, limits = {}) => ask('GET', objectPath(type, at), undefined, true, { timeoutMs: limits.timeoutMs }),
    list: async (type, list = {}) =>
      ask('GET', collectionPath(type, list.namespace) + listQuery(list), undefined, true, {
        timeoutMs: list.timeoutMs,
        signal: list.signal,
      }),
    create: async (type, object, limits = {}) => {
      const { namespace, name, generateName } = (object as KubernetesObject).metadata ?? {};
      if (type.namespaced && !namespace)
        throw new TypeError(`${type.kind} ${name ?? generateName ?? ''} needs metadata.namespace: the kind is namespaced.`);
      return ask('POST', collectionPath(type, namespace), typed(type, object), Boolean(name), { timeoutMs: limits.timeoutMs });
    },
    replace: async (type, object, replace = {}) => {
      const { namespace, name = '', resourceVersion } = (object as KubernetesObject).metadata ?? {};
      return ask('PUT', objectPath(type, { namespace, name }, replace.subresource), typed(type, object), Boolean(resourceVersion), {
        timeoutMs: replace.timeoutMs,
      });
    },
    patch: async (type, at, body, patch) => {
      const contentType = patch.type === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json';
      return ask('PATCH', objectPath(type, at, patch.subresource), body, hasPrecondition(body), { contentType });
    },
    delete: async (type, at, remove = {}) => {
      const harmless = Boolean(remove.preconditions?.uid ?? remove.preconditions?.resourceVersion);
      await ask('DELETE', objectPath(type, at), { apiVersion: 'v1', kind: 'DeleteOptions', ...remove }, harmless);
    },
    watch: <T>(type: ResourceType, watch: WatchOptions = {}) =>
      openWatch<T>(collectionPath(type, watch.namespace) + watchQuery(watch, random), watch),
    request: async (method, path, body, extra = {}) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const harmless = method === 'GET' || method === 'HEAD';
      const answer = await send({
        method,
        path,
        body: text,
        harmless,
        timeoutMs: extra.timeoutMs ?? requestTimeoutMs,
        contentType: extra.contentType,
      });
      return answer.contentType.includes('json') ? parseBody(answer.body, `${method} ${path}`) : answer.body;
    },
    serverTime: async () => {
      const { date } = await send({ method: 'GET', path: '/version', harmless: true, timeoutMs: requestTimeoutMs });
      const time = new Date(date ?? '');
      if (!Number.isNaN(time.getTime())) return time;
      throw new ApiError({
        status: 0,
        reason: 'MalformedResponse',
        message: 'The answer to GET /version carries no Date: is this an API server?',
      });
    },
    close: () => {
      transport.close();
      return Promise.resolve();
    },
  };
}

interface Extra {
  contentType?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

function parseBody<T>(body: string, what: string): T {
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw new ApiError({
      status: 0,
      reason: 'MalformedResponse',
      message: `The answer to ${what} is not JSON: is this an API server?`,
      cause,
    });
  }
}

function typed<T>(type: ResourceType, object: T): T {
  const { apiVersion, kind } = object as KubernetesObject;
  return apiVersion && kind ? object : { apiVersion: apiVersionOf(type), kind: type.kind, ...object };
}

/** A merge patch with metadata.resourceVersion, or a JSON Patch that tests it, cannot be applied twice. */
function hasPrecondition(body: unknown): boolean {
  if (Array.isArray(body))
    return body.some(
      (operation: { op?: string; path?: string }) => operation.op === 'test' && operation.path === '/metadata/resourceVersion',
    );
  return Boolean((body as KubernetesObject | null)?.metadata?.resourceVersion);
}

function listQuery(list: ListOptions): string {
  return query({
    fieldSelector: list.fieldSelector,
    labelSelector: list.labelSelector,
    limit: list.limit,
    continue: list.continue,
    resourceVersion: list.resourceVersion,
    // With a limit and without this a list is of exactly that version: after a restart of the API server too old to watch from, again and again
    // (Kubernetes API concepts, "Semantics for get and list").
    resourceVersionMatch: list.resourceVersion ? 'NotOlderThan' : undefined,
  });
}

function watchQuery(watch: WatchOptions, random: () => number): string {
  return query({
    watch: 'true',
    allowWatchBookmarks: watch.allowWatchBookmarks === false ? undefined : 'true',
    // Spread, so that the watches of a fleet that started together are not renewed together.
    timeoutSeconds: watch.timeoutSeconds ?? Math.round(300 + random() * 300),
    resourceVersion: watch.resourceVersion,
    fieldSelector: watch.fieldSelector,
    labelSelector: watch.labelSelector,
  });
}

function query(values: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
