import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { ApiError } from './api-error.ts';
import type { ApiServerConfig } from './api-server-config.ts';

/** One question to the server. `body` is JSON text already. */
export interface HttpQuestion {
  method: string;
  path: string;
  authorization: string | undefined;
  body?: string;
  contentType?: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** A complete answer. */
export interface HttpAnswer {
  status: number;
  contentType: string;
  retryAfterSeconds: number | undefined;
  /** The header Date: the server's clock. */
  date?: string;
  body: string;
}

/** A connection that the server had closed, or closed just then, while it was idle: nobody saw the question, most likely. */
export class BrokenConnectionError extends ApiError {}

/** The server's certificate is not signed by an authority that is trusted. Nothing was sent. */
class UntrustedServerError extends ApiError {}

/** See {@link createHttpTransport}. */
export interface HttpTransport {
  /** Asks and reads the whole answer. Rejects with an ApiError of status 0 when none came before `timeoutMs`. */
  ask(question: HttpQuestion): Promise<HttpAnswer>;
  /** Asks and gives the answer as soon as its headers are there. `timeoutMs` bounds the wait for them; the caller ends the stream. */
  open(question: HttpQuestion): Promise<IncomingMessage>;
  close(): void;
}

/** A real API server closes idle connections after 90 s; leaving first keeps most requests off a closing connection. */
const IDLE_SOCKET_MS = 55_000;
/** First probe of a quiet connection. libuv then probes each second, ten times: a dead peer is noticed within 25 s. */
const KEEPALIVE_PROBE_MS = 15_000;
/** 500 objects of a list page at the 1.5 MiB that etcd accepts would be more; real pages are 1 to 5 MiB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * HTTP/1.1 over node:http(s). Requests share one keep-alive agent of `maxSockets` connections; streams have an agent of
 * their own, because each of them holds a connection for minutes and would starve the requests.
 */
export function createHttpTransport(config: ApiServerConfig, options: { maxSockets: number }): HttpTransport {
  const url = new URL(config.server);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new TypeError(`The server must be an http or https URL, not ${config.server}`);
  const pool = { keepAlive: true, keepAliveMsecs: KEEPALIVE_PROBE_MS, timeout: IDLE_SOCKET_MS, scheduling: 'lifo' as const };
  const agents = [options.maxSockets, Infinity].map((maxSockets) =>
    secure ? new HttpsAgent({ ...pool, maxSockets }) : new HttpAgent({ ...pool, maxSockets }),
  );
  const [requests, streams] = agents;
  const send = secure ? httpsRequest : httpRequest;
  const prefix = url.pathname.replace(/\/$/, '');
  const base = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
    ...(config.insecureSkipTlsVerify === true ? { rejectUnauthorized: false } : {}),
  };
  let ca = config.ca ?? (config.caFile === undefined ? undefined : readAuthorities(config.caFile));
  // Made once: the PEMs are not parsed for each connection, and are no part of the name under which sockets are pooled.
  const trust = (): SecureContext | undefined =>
    secure ? createSecureContext({ ca, cert: config.cert, key: config.key, minVersion: 'TLSv1.2' }) : undefined;
  let secureContext = trust();
  let closed = false;
  const hostHeader = url.host;
  const userAgent = config.userAgent ?? 'controller-runtime';

  const start = (question: HttpQuestion, agent: HttpAgent | undefined): ClientRequest => {
    const headers: OutgoingHttpHeaders = { ...config.headers, host: hostHeader, accept: 'application/json', 'user-agent': userAgent };
    if (question.authorization !== undefined) headers['authorization'] = question.authorization;
    if (question.body !== undefined) {
      headers['content-type'] = question.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(question.body);
    }
    const settings: RequestOptions & { secureContext: SecureContext | undefined } = {
      ...base,
      secureContext,
      agent,
      method: question.method,
      path: prefix + question.path,
      headers,
    };
    const request = send(settings);
    // Text, not bytes: node then writes headers and body in one packet.
    request.end(question.body);
    return request;
  };

  /** Reads the authorities again. True when they are others, so that a second try makes sense. */
  const renewTrust = (): boolean => {
    const current = config.caFile === undefined ? undefined : readAuthorities(config.caFile);
    if (current === undefined || current === ca) return false;
    ca = current;
    secureContext = trust();
    return true;
  };
  const trusting = async <R>(act: () => Promise<R>): Promise<R> => {
    if (closed) throw new ApiError({ status: 0, reason: 'Aborted', message: 'The client is closed.' });
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof UntrustedServerError) || !renewTrust()) throw error;
      return act();
    }
  };

  return {
    ask: (question) => trusting(() => readAnswer(start(question, requests), question, config.server)),
    open: (question) =>
      trusting(() => {
        const request = start(question, streams);
        request.once('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_PROBE_MS));
        return awaitHeaders(request, question, config.server);
      }),
    close: () => {
      closed = true;
      agents.forEach((agent) => agent.destroy());
    },
  };
}

function readAuthorities(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // While it is being replaced it is missing for a moment; the next request looks again.
    return undefined;
  }
}

/** Resolves once with what `settle` is called with; a deadline, an abort and a socket error reject. One timer per request, no signal is chained. */
function exchange<R>(
  request: ClientRequest,
  question: HttpQuestion,
  server: string,
  onResponse: (response: IncomingMessage, settle: (result: R) => void, fail: (error: Error) => void) => void,
): Promise<R> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let answered = false;
    const release = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      question.signal?.removeEventListener('abort', onAbort);
      return true;
    };
    const settle = (result: R): void => {
      if (release()) resolve(result);
    };
    const fail = (error: Error): void => {
      if (!release()) return;
      reject(error);
      request.destroy();
    };
    const what = (): string => `${question.method} ${question.path.slice(0, 300)} at ${server}`;
    const timer = setTimeout(() => {
      const message = `No complete answer to ${what()} within ${question.timeoutMs} ms. Look at the load of the API server and the network to it.`;
      fail(new ApiError({ status: 0, reason: 'DeadlineExceeded', message }));
    }, question.timeoutMs);
    const onAbort = (): void => fail(new ApiError({ status: 0, reason: 'Aborted', message: `${what()} was given up: the caller stops.` }));
    if (question.signal?.aborted) onAbort();
    else question.signal?.addEventListener('abort', onAbort);
    request.on('error', (cause) => fail(connectionError(cause, request.reusedSocket && !answered, what())));
    request.on('response', (response) => {
      answered = true;
      onResponse(response, settle, fail);
    });
  });
}

function readAnswer(request: ClientRequest, question: HttpQuestion, server: string): Promise<HttpAnswer> {
  return exchange(request, question, server, (response, settle, fail) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) fail(tooLarge(question));
    });
    response.on('error', (cause) => fail(connectionError(cause, false, `${question.method} ${question.path}`)));
    response.on('end', () => {
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size);
      settle({
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'] ?? '',
        retryAfterSeconds: retryAfter(response.headers['retry-after']),
        date: response.headers.date,
        body: body?.toString('utf8') ?? '',
      });
    });
  });
}

function awaitHeaders(request: ClientRequest, question: HttpQuestion, server: string): Promise<IncomingMessage> {
  return exchange(request, question, server, (response, settle) => settle(response));
}

/** The words of OpenSSL for a chain that ends at no trusted authority. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

function connectionError(cause: Error & { code?: string }, stale: boolean, what: string): ApiError {
  if (UNTRUSTED.has(cause.code ?? '')) {
    const message = `The certificate of the API server is not trusted (${cause.message}) during ${what}. Check that the configured authority is the one that signed it.`;
    return new UntrustedServerError({ status: 0, reason: 'Untrusted', message, cause });
  }
  const message = `The connection failed during ${what}: ${cause.message}. Check the address, the network and that the API server runs.`;
  const init = { status: 0, reason: 'Unreachable', message, cause };
  return stale ? new BrokenConnectionError(init) : new ApiError(init);
}

function tooLarge(question: HttpQuestion): ApiError {
  const message = `The answer to ${question.method} ${question.path} is larger than ${MAX_ANSWER_BYTES} bytes. Ask for fewer objects with limit or a selector.`;
  return new ApiError({ status: 0, reason: 'ResponseTooLarge', message });
}

/** Only the form in seconds: the API server uses no other. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,5}$/.test(header) ? Number(header) : undefined;
}
