import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { KubernetesObject } from '../kubernetes-object.ts';

/** What a request asks for, in the API's words. */
export type Verb = 'GET' | 'LIST' | 'WATCH' | 'CREATE' | 'UPDATE' | 'PATCH' | 'DELETE' | 'OTHER';

export interface SeenRequest {
  verb: Verb;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: unknown;
  /** The client's port: tells connections apart. */
  connection: number;
}

/** Plays a fault. `serve` answers as a healthy server would (and carries out writes). */
export type Fault = (exchange: { seen: SeenRequest; response: ServerResponse; socket: Socket; serve: () => void }) => void;

interface Stored extends KubernetesObject {
  [key: string]: unknown;
}

/**
 * The list/watch/write behaviour of a Kubernetes API server as far as the client needs it, in memory and on real sockets,
 * with scripted faults. It follows the documented API concepts; that it behaves like the real one is shown elsewhere.
 */
export interface FaultServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** The next requests of this verb meet these faults, one each; later ones are served. */
  next(verb: Verb, ...faults: Fault[]): void;
  /** Every request of this verb meets this fault, until it is set to undefined. */
  always(verb: Verb, fault: Fault | undefined): void;
  /** Changes as another client would make them. `path` is the collection's, such as /api/v1/namespaces/a/pods. */
  put(path: string, object: Stored): Stored;
  remove(path: string, name: string): void;
  get(path: string, name: string): Stored | undefined;
  /** Watches from before now get 410. */
  compact(): void;
  /** Sends a bookmark to every watch. */
  bookmark(): void;
  /** Ends all watches in good order. */
  endWatches(): void;
  readonly openWatches: number;
  readonly resourceVersion: number;
  /** Connections that are open now. */
  readonly openSockets: number;
  stop(): Promise<void>;
}

interface Watch {
  response: ServerResponse;
  collection: Collection;
}

interface Collection {
  plural: string;
  namespace?: string;
}

export async function startFaultServer(tls?: { key: string; cert: string }): Promise<FaultServer> {
  const objects = new Map<string, Stored>();
  const history: { version: number; type: string; key: string; object: Stored }[] = [];
  const scripted = new Map<Verb, Fault[]>();
  const permanent = new Map<Verb, Fault>();
  const seen: SeenRequest[] = [];
  const watches = new Set<Watch>();
  const sockets = new Set<Socket>();
  let version = 100;
  let compacted = 0;
  let uids = 0;

  const record = (type: string, key: string, object: Stored): void => {
    history.push({ version, type, key, object });
    for (const watch of watches) if (belongs(key, watch.collection)) watch.response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const store = (key: string, object: Stored): Stored => {
    version += 1;
    const old = objects.get(key);
    const metadata = {
      ...object.metadata,
      uid: old?.metadata?.uid ?? object.metadata?.uid ?? `uid-${++uids}`,
      resourceVersion: String(version),
    };
    const stored = { ...object, metadata };
    objects.set(key, stored);
    record(old ? 'MODIFIED' : 'ADDED', key, stored);
    return stored;
  };
  const erase = (key: string): Stored | undefined => {
    const old = objects.get(key);
    if (!old) return undefined;
    version += 1;
    objects.delete(key);
    record('DELETED', key, { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } });
    return old;
  };

  const list = (collection: Collection, query: URLSearchParams, response: ServerResponse): void => {
    const matching = [...objects].filter(([key]) => belongs(key, collection)).sort(([a], [b]) => (a < b ? -1 : 1));
    const limit = Number(query.get('limit') ?? Infinity) || Infinity;
    const from = Number(query.get('continue') ?? 0);
    const items = matching.slice(from, from + limit).map(([, object]) => object);
    const more = from + limit < matching.length ? { continue: String(from + limit) } : {};
    send(response, 200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(version), ...more }, items });
  };
  const watch = (collection: Collection, query: URLSearchParams, response: ServerResponse): void => {
    const from = Number(query.get('resourceVersion') ?? version);
    if (from < compacted) return sendStatus(response, 410, 'Expired', 'too old resource version');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const entry of history)
      if (entry.version > from && belongs(entry.key, collection))
        response.write(`${JSON.stringify({ type: entry.type, object: entry.object })}\n`);
    const entry = { response, collection };
    watches.add(entry);
    response.on('close', () => watches.delete(entry));
  };
  const write = (key: string, request: SeenRequest, response: ServerResponse): void => {
    const old = objects.get(key);
    const body = request.body as Stored;
    if (request.verb === 'CREATE') {
      if (old) return sendStatus(response, 409, 'AlreadyExists', `${key} exists`);
      return send(response, 201, store(key, body));
    }
    if (!old) return sendStatus(response, 404, 'NotFound', `${key} not found`);
    if (!holds(body, old)) return sendStatus(response, 409, 'Conflict', `${key} has changed`);
    if (request.verb === 'DELETE') return send(response, 200, erase(key) ?? {});
    send(response, 200, store(key, request.verb === 'PATCH' ? (merge(old, body) as Stored) : body));
  };

  const serve = (request: SeenRequest, response: ServerResponse): void => {
    const where = parsePath(request.path);
    if (!where) return sendStatus(response, 404, 'NotFound', 'no such path');
    const key = keyOf(where.collection, where.name ?? (request.body as Stored | undefined)?.metadata?.name ?? '');
    const object = objects.get(key);
    if (request.verb === 'LIST') list(where.collection, request.query, response);
    else if (request.verb === 'WATCH') watch(where.collection, request.query, response);
    else if (request.verb !== 'GET') write(key, request, response);
    else if (object) send(response, 200, object);
    else sendStatus(response, 404, 'NotFound', `${key} not found`);
  };
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const url = new URL(incoming.url ?? '/', 'http://x');
    const request: SeenRequest = {
      verb: verbOf(incoming.method ?? 'GET', url),
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: text === '' ? undefined : JSON.parse(text),
      connection: incoming.socket.remotePort ?? 0,
    };
    seen.push(request);
    const fault = scripted.get(request.verb)?.shift() ?? permanent.get(request.verb);
    const healthy = (): void => serve(request, response);
    if (fault) fault({ seen: request, response, socket: incoming.socket, serve: healthy });
    else healthy();
  };
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => undefined);
    handle(incoming, response).catch(() => response.destroy());
  };
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    seen,
    next: (verb, ...faults) => void scripted.set(verb, [...(scripted.get(verb) ?? []), ...faults]),
    always: (verb, fault) => void (fault ? permanent.set(verb, fault) : permanent.delete(verb)),
    put: (path, object) => store(keyAt(path, object.metadata?.name ?? ''), object),
    remove: (path, name) => void erase(keyAt(path, name)),
    get: (path, name) => objects.get(keyAt(path, name)),
    compact: () => {
      version += 1;
      compacted = version;
      history.length = 0;
    },
    bookmark: () => {
      version += 1;
      const line = JSON.stringify({ type: 'BOOKMARK', object: { kind: 'X', metadata: { resourceVersion: String(version) } } });
      for (const { response } of watches) response.write(`${line}\n`);
    },
    endWatches: () => {
      for (const { response } of watches) response.end();
    },
    get openWatches() {
      return watches.size;
    },
    get resourceVersion() {
      return version;
    },
    get openSockets() {
      return sockets.size;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a Status. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }, headers);
}

function send(response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function verbOf(method: string, url: URL): Verb {
  const verbs: Record<string, Verb> = { POST: 'CREATE', PUT: 'UPDATE', PATCH: 'PATCH', DELETE: 'DELETE' };
  const where = parsePath(url.pathname);
  if (!where) return 'OTHER';
  if (method !== 'GET') return verbs[method] ?? 'OTHER';
  if (url.searchParams.get('watch') === 'true') return 'WATCH';
  return where.name === undefined ? 'LIST' : 'GET';
}

/** Whether the preconditions of a write hold: the version in its metadata, or those of DeleteOptions. */
function holds(body: Stored | undefined, old: Stored): boolean {
  const { uid, resourceVersion } = (body?.['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  const version = body?.metadata?.resourceVersion ?? resourceVersion;
  return (version === undefined || version === old.metadata?.resourceVersion) && (uid === undefined || uid === old.metadata?.uid);
}

function parsePath(path: string): { collection: Collection; name?: string } | undefined {
  const match = /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?(?:\/(?:status))?$/.exec(path);
  if (!match?.[2]) return undefined;
  return { collection: { plural: match[2], namespace: match[1] }, name: match[3] };
}

function keyOf(collection: Collection, name: string): string {
  return `${collection.plural}/${collection.namespace ?? ''}/${name}`;
}

function keyAt(path: string, name: string): string {
  const where = parsePath(path);
  if (!where) throw new TypeError(`${path} is no collection`);
  return keyOf(where.collection, name);
}

function belongs(key: string, collection: Collection): boolean {
  return key.startsWith(collection.namespace ? `${collection.plural}/${collection.namespace}/` : `${collection.plural}/`);
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
