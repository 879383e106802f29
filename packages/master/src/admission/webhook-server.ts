import type { AddressInfo } from 'node:net';
import { type Server, type ServerOptions } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { RESOURCES } from '@kdr/api-types';
import { type Logger, counterIn, histogramIn } from '@kdr/controller-runtime';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { ServingCertificate } from '../certificates/serving-certificate.ts';
import { type Verdict, readReview, writeReview } from './admission-review.ts';
import type { AdmissionWorld } from './admission-world.ts';
import { validate } from './validate.ts';

/** What the webhook's server needs. */
export interface WebhookServerOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  certificate: ServingCertificate;
  world: AdmissionWorld;
  logger: Logger;
  metrics?: Registry;
  /** How long it goes on answering after {@link WebhookServer.stop}, in ms. Default 0. */
  drainMs?: number;
}

/** See {@link createWebhookServer}. */
export interface WebhookServer {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether it can answer: it listens, and has a certificate. */
  ready(): boolean;
  /** Known after {@link start}. */
  readonly port: number;
}

/** An AdmissionReview carries the object twice at most, and an object is 1.5 MiB at most (etcd's limit). */
const BODY_BYTES = 3 * 1024 * 1024;
/** To receive one request. */
const REQUEST_MS = 5_000;
/** To judge it: less than the `timeoutSeconds` of the configuration, so that the answer says why. */
const JUDGE_MS = 4_000;
/** The API server keeps its connections, and does not expect that we close one it is about to use. */
const KEEP_ALIVE_MS = 125_000;
const MAX_CONNECTIONS = 256;
const TLS: ServerOptions = { minVersion: 'TLSv1.2' };

/**
 * The admission webhook: `POST /validate` with an AdmissionReview v1, over TLS. It listens at once and shakes hands as soon as there is a
 * certificate; a renewed one is used for the next connection, without a restart. It writes nothing, and its answers are the same on every replica.
 */
export async function createWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host, port, certificate, world, metrics } = options;
  const logger = options.logger.child({ component: 'webhook' });
  const requests = counterIn(metrics, 'kdr_webhook_requests_total', 'Admission requests, by kind and verdict.', ['kind', 'verdict']);
  const seconds = histogramIn(metrics, 'kdr_webhook_request_duration_seconds', 'Time of one admission request.', ['kind']);
  const { fastify } = await import('fastify'); // late: a master without a webhook does not pay for it
  const app = fastify({
    https: TLS,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false,
    trustProxy: false,
  }) as unknown as FastifyInstance;
  const server = app.server as unknown as Server;
  server.maxConnections = MAX_CONNECTIONS;
  certificate.onChange(({ certificate: cert, key }) => {
    server.setSecureContext({ ...TLS, cert, key });
    logger.info('the webhook serves the current certificate');
  });

  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error, _, reply) => {
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    void reply.code(statusCode).send({ error: statusCode < 500 ? message : 'the request could not be answered' });
    if (statusCode >= 500) logger.error({ err: error }, 'an admission request failed');
  });
  app.post('/validate', async (call, reply) => {
    let request;
    try {
      request = readReview(call.body);
    } catch (error) {
      return reply.code(400).send({ error: (error as Error).message });
    }
    const { kind } = request.kind;
    const known = KINDS.has(kind) ? kind : 'other';
    const stop = seconds?.startTimer({ kind: known });
    const verdict = await inTime(validate(request, world));
    stop?.();
    requests?.inc({ kind: known, verdict: verdict.allowed ? 'allowed' : verdict.reason });
    if (!verdict.allowed)
      logger.info(
        { kind, namespace: request.namespace, name: request.name, user: request.userInfo.username, ...verdict },
        'an object was refused',
      );
    return writeReview(request.uid, verdict);
  });

  // An API server sends the next request into a connection that it has, and does not repeat a POST that was cut off (net/http, isReplayable): whoever
  // creates an Abnormal then would be refused. So each answer of the last seconds asks it to connect anew, to a master that stays.
  let draining = false;
  app.addHook('onSend', (_, reply, __, done) => {
    if (draining) void reply.header('connection', 'close');
    done();
  });

  let listening = false;
  return {
    start: async () => {
      await app.listen({ host, port });
      listening = true;
      logger.info({ port: (server.address() as AddressInfo).port }, 'the admission webhook listens');
    },
    stop: async () => {
      draining = true;
      if (listening && options.drainMs !== undefined) await delay(options.drainMs);
      listening = false;
      server.closeIdleConnections();
      await app.close();
    },
    ready: () => listening && certificate.current() !== undefined,
    get port() {
      return (server.address() as AddressInfo).port;
    },
  };
}

/** Labels of metrics are bounded: anybody who reaches the port may send any kind. */
const KINDS: ReadonlySet<string> = new Set(Object.keys(RESOURCES));

async function inTime(verdict: Promise<Verdict>): Promise<Verdict> {
  const patience = new AbortController();
  const late = delay(JUDGE_MS, undefined, { signal: patience.signal }).then((): Verdict => {
    const message = `KDR could not check this object within ${JUDGE_MS / 1000} s, probably because the API server is slow. Try again.`;
    return { allowed: false, code: 503, reason: 'ServiceUnavailable', message };
  });
  late.catch(() => undefined); // aborted
  return Promise.race([verdict, late]).finally(() => patience.abort());
}
