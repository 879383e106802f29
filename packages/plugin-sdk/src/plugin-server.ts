import { type FastifyInstance, fastify } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type ServerOptions as TlsOptions } from 'node:https';
import { KdrError, LIMITS } from '@kdr/api-types';
import type { Logger } from 'pino';
import type { ActOnce } from './act-once.ts';
import type { ArtifactSpool } from './artifact-spool.ts';
import { createCallRoute } from './call-route.ts';
import type { Authorize, Caller } from './caller.ts';
import { ROUTES } from './definition.ts';
import type { PluginMetrics } from './metrics.ts';
import { openapi } from './openapi.ts';
import type { Plugin } from './plugin.ts';
import { coded, problemOf } from './problem.ts';
import type { RunningCalls } from './running-calls.ts';

export interface PluginServerParts {
  plugin: Plugin;
  calls: RunningCalls;
  spool: ArtifactSpool;
  metrics: PluginMetrics;
  log: Logger;
  once?: ActOnce;
  /** Over TCP: TLS, and who may call. */
  remote?: { tls: TlsOptions; authorize: Authorize };
}

const READY_MS = 1_000;
const PROBLEM = 'application/problem+json';

async function checkReady(plugin: Plugin, calls: RunningCalls): Promise<void> {
  if (calls.stopping()) throw new KdrError('KDR_BUSY', 'the plugin is stopping');
  if (calls.stuck()) throw new KdrError('KDR_BUSY', 'every call that the plugin may run is past its deadline');
  const late = AbortSignal.timeout(READY_MS);
  const timeout = new Promise<never>((_, reject) =>
    late.addEventListener('abort', () => reject(new Error(`ready() did not answer within ${READY_MS} ms`))),
  );
  await Promise.race([plugin.ready(), timeout]).catch((cause: unknown) => {
    throw new KdrError('KDR_BUSY', `not ready: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
}

function bareServer(remote: PluginServerParts['remote']): FastifyInstance {
  const limits = {
    bodyLimit: LIMITS.requestBytes,
    requestTimeout: 10_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    trustProxy: false,
  };
  return (remote ? fastify({ ...limits, https: remote.tls }) : fastify(limits)) as unknown as FastifyInstance;
}

/** @throws KdrError KDR_UNAUTHORIZED, or what the judge throws with a code of its own: whoever is not known to be allowed is not */
async function callerOf(authorization: string | undefined, authorize: Authorize): Promise<true | Caller> {
  const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  const verdict = token !== undefined && (await authorize(token));
  if (!verdict) throw new KdrError('KDR_UNAUTHORIZED', 'the bearer token is missing or may not call');
  return verdict;
}

/** The HTTP server of one plugin; nothing listens yet. Every error is answered as problem details (RFC 9457) with a KDR code. */
export function createPluginServer({ plugin, calls, spool, metrics, log, once, remote }: PluginServerParts): FastifyInstance {
  const { name, role } = plugin.manifest;
  const server = bareServer(remote).withTypeProvider<TypeBoxTypeProvider>();
  const answer = createCallRoute({ plugin, calls, spool, log, once });
  const description = JSON.stringify(openapi(plugin.manifest));
  // One content type: fastify's text/plain parser would be a second way in.
  server.removeContentTypeParser('text/plain');

  server.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .type(PROBLEM)
      .send(problemOf(new KdrError('KDR_NOT_FOUND', `${request.method} ${request.url.slice(0, 256)}: no such route`)));
  });
  server.setErrorHandler((error, request, reply) => {
    const { code, status } = coded(error);
    if (status >= 500 && code !== 'KDR_BUSY') log.error({ err: error, route: request.routeOptions.url }, code);
    void reply.code(status).type(PROBLEM).send(problemOf(error));
  });
  const callers = new WeakMap<object, Caller>();
  if (remote) {
    server.addHook('onRequest', async (request) => {
      // The kubelet's probes carry no token. Metrics do need one: they tell what goes on in the cluster.
      if (request.url === '/healthz' || request.url === '/readyz') return;
      const caller = await callerOf(request.headers.authorization, remote.authorize);
      if (typeof caller === 'object') callers.set(request, caller);
    });
  }

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async () => checkReady(plugin, calls).then(() => ({ status: 'ready' })));
  server.get('/v1/manifest', async () => plugin.manifest);
  server.get('/openapi.json', async (_, reply) => reply.type('application/json').send(description));
  server.get('/metrics', async (_, reply) => reply.type('text/plain; version=0.0.4').send(await metrics.text()));
  server.get<{ Params: { id: string } }>('/v1/artifacts/:id', async (request, reply) => {
    const found = spool.open(request.params.id);
    if (!found) throw new KdrError('KDR_NOT_FOUND', 'no such artifact: released, dropped after ten minutes, or never there');
    return reply.type('application/octet-stream').header('content-length', found.artifact.size).send(found.stream);
  });
  server.delete<{ Params: { id: string } }>('/v1/artifacts/:id', async (request, reply) => {
    await spool.release(request.params.id);
    return reply.code(204).send();
  });
  server.post(ROUTES[role], async (request, reply) => {
    const start = performance.now();
    const trace = request.headers.traceparent;
    let outcome = '';
    try {
      const text = await answer(request.body, typeof trace === 'string' ? trace.slice(0, 64) : '', callers.get(request));
      outcome = (JSON.parse(text) as { outcome: string }).outcome;
      return await reply.type('application/json').send(text);
    } catch (error) {
      outcome = coded(error).code;
      throw error;
    } finally {
      metrics.observe(name, ROUTES[role], outcome, (performance.now() - start) / 1000);
    }
  });
  return server;
}
