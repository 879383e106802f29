import type { Registry } from 'prom-client';
import { ApiError } from './api-error.ts';
import type { Status } from './api-error.ts';
import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { BrokenConnectionError } from './http-transport.ts';
import type { HttpAnswer, HttpTransport } from './http-transport.ts';
import type { Logger } from './logger.ts';
import { counterIn, histogramIn } from './metrics.ts';

/** One request as the verbs of the client see it. `body` is JSON text already. */
export interface ApiRequest {
  method: string;
  path: string;
  body?: string;
  contentType?: string;
  /** Doing it twice is the same as doing it once, or fails the second time. */
  harmless: boolean;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Sends a request, again where that is right, and gives the answer if it is a 2xx. Everything else is an ApiError. */
export type Requester = (request: ApiRequest) => Promise<HttpAnswer>;

/** Tries of one request when the server answers 429 or 503 with Retry-After. */
const MAX_TRIES = 4;
/** A longer Retry-After is the caller's business: it has a queue with a backoff. */
const MAX_RETRY_AFTER_SECONDS = 5;

/** The rules of sending twice, in one place; they are told to users at `createApiClient`. */
export function createRequester(parts: {
  transport: HttpTransport;
  credentials: Credentials;
  logger: Logger;
  clock: Clock;
  random: () => number;
  metrics?: Registry;
}): Requester {
  const { transport, credentials, logger, clock, random } = parts;
  const total = requestCounter(parts.metrics);
  const seconds = histogramIn(parts.metrics, 'rest_client_request_duration_seconds', 'Time of one request to the API server.', ['verb']);

  const askOnce = async (request: ApiRequest, timeoutMs: number): Promise<HttpAnswer> => {
    const begun = clock.now();
    let code = '0';
    try {
      const { method, path, body, contentType, signal } = request;
      const answer = await transport.ask({
        method,
        path,
        body,
        contentType,
        signal,
        timeoutMs,
        authorization: await credentials.authorization(),
      });
      code = String(answer.status);
      return answer;
    } finally {
      total?.inc({ code, method: request.method });
      seconds?.observe({ verb: request.method }, (clock.now() - begun) / 1000);
    }
  };

  return async (request) => {
    const deadline = clock.now() + request.timeoutMs;
    let retried = false;
    let tokenRenewed = false;
    for (let tries = 1; ; tries += 1) {
      let answer: HttpAnswer;
      try {
        answer = await askOnce(request, Math.max(1, deadline - clock.now()));
      } catch (error) {
        if (!(error instanceof BrokenConnectionError) || !request.harmless || retried) throw error;
        retried = true;
        continue;
      }
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status === 401 && !tokenRenewed && (await credentials.refresh())) {
        tokenRenewed = true;
        continue;
      }
      const pauseMs = pauseBeforeRetry(answer, request.harmless, random);
      if (pauseMs === undefined || tries >= MAX_TRIES || clock.now() + pauseMs >= deadline)
        throw answerError(answer, `${request.method} ${request.path}`, retried);
      logger.debug({ method: request.method, path: request.path, status: answer.status, pauseMs }, 'the API server asks to wait');
      await sleep(clock, pauseMs, request.signal);
    }
  };
}

/** rest_client_requests_total, which requests and watches share. */
export function requestCounter(metrics: Registry | undefined): ReturnType<typeof counterIn<'code' | 'method'>> {
  return counterIn(metrics, 'rest_client_requests_total', 'Requests to the API server, by status code (0: no answer) and method.', [
    'code',
    'method',
  ]);
}

/** How long to wait before the same request again; undefined: do not repeat it. */
function pauseBeforeRetry(answer: HttpAnswer, harmless: boolean, random: () => number): number | undefined {
  const mayRepeat = answer.status === 429 || (answer.status === 503 && harmless);
  if (!mayRepeat || answer.retryAfterSeconds === undefined || answer.retryAfterSeconds > MAX_RETRY_AFTER_SECONDS) return undefined;
  // Up to a quarter more, so that the clients that were refused together do not come back together.
  return answer.retryAfterSeconds * 1000 * (1 + random() / 4) + random() * 50;
}

/** The error that an answer other than 2xx says. Proxies answer with text or HTML: then its beginning is the message. */
export function answerError(answer: HttpAnswer, what: string, retried: boolean): ApiError {
  const fallback = {
    code: answer.status,
    message: `${what} was answered with ${answer.status}: ${answer.body.slice(0, 300)}`,
    retryAfterSeconds: answer.retryAfterSeconds,
    retried,
  };
  return ApiError.fromStatus(statusIn(answer) ?? {}, fallback);
}

function statusIn(answer: HttpAnswer): Status | undefined {
  if (!answer.contentType.includes('json')) return undefined;
  try {
    const body = JSON.parse(answer.body) as Status | null;
    return body?.kind === 'Status' ? { ...body, code: answer.status } : undefined;
  } catch {
    return undefined;
  }
}
