import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** `true`: fine. `false`, or a string that says why: not. An exception counts as its message. */
export type ProbeCheck = () => boolean | string;

/** What {@link createProbeServer} needs. */
export interface ProbeServerOptions {
  /** 127.0.0.1 when left out. */
  host?: string;
  /** 0: a free one. */
  port: number;
  registry: Registry;
  /** Whether the process should be restarted. Without checks the answer itself is the proof of life. */
  live?: Record<string, ProbeCheck>;
  /** Whether the process does its job. */
  ready: Record<string, ProbeCheck>;
}

/** See {@link createProbeServer}. */
export interface ProbeServer {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Known after {@link start}. */
  readonly url: string;
}

/** Probes and scrapes are few. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics`; probes answer 200 or 500, with one line per check when something fails or
 * `?verbose` is asked, as the Kubernetes components do. It is plain node:http, not fastify, because it is part of an agent
 * that runs on every node within 35 MiB: fastify costs about 16 MiB more (measured: 60 against 44 MB peak).
 */
export function createProbeServer(options: ProbeServerOptions): ProbeServer {
  const { host = '127.0.0.1', port, registry, live = {}, ready } = options;
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: REQUEST_TIMEOUT_MS },
    (request, response) => {
      void answer(request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  let url = '';

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(response, 405, 'Only GET and HEAD.\n');
    const verbose = new URLSearchParams(search).has('verbose');
    if (path === '/healthz' || path === '/livez') return replyChecks(response, 'healthz', live, verbose);
    if (path === '/readyz') return replyChecks(response, 'readyz', ready, verbose);
    if (path !== '/metrics') return reply(response, 404, 'There is /healthz, /readyz and /metrics.\n');
    try {
      reply(response, 200, await registry.metrics(), registry.contentType);
    } catch (error) {
      reply(response, 500, `The metrics cannot be collected: ${messageOf(error)}\n`);
    }
  };

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.removeListener('error', reject);
          const address = server.address() as AddressInfo;
          url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    get url() {
      return url;
    },
  };
}

function replyChecks(response: ServerResponse, name: string, checks: Record<string, ProbeCheck>, verbose: boolean): void {
  const results = Object.entries(checks).map(([check, ask]) => ({ check, failure: failureOf(ask) }));
  const ok = results.every(({ failure }) => failure === undefined);
  if (ok && !verbose) return reply(response, 200, 'ok');
  const lines = results.map(({ check, failure }) => (failure === undefined ? `[+]${check} ok` : `[-]${check} failed: ${failure}`));
  reply(response, ok ? 200 : 500, `${[...lines, `${name} check ${ok ? 'passed' : 'failed'}`].join('\n')}\n`);
}

function failureOf(check: ProbeCheck): string | undefined {
  try {
    const result = check();
    if (result === true) return undefined;
    return result === false ? 'not yet' : result;
  } catch (error) {
    return messageOf(error);
  }
}

function reply(response: ServerResponse, status: number, body: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
