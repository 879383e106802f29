import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CollectAnswer, DiagnoseAnswer, ErrorCode } from '@kdr/api-types';
import { CallbackCollect, CallbackDiagnose, KdrError, LIMITS, shapeError } from '@kdr/api-types';
import type { Logger } from '@kdr/controller-runtime';
import type { CallbackGrant, CallbackTokens } from './callback-tokens.ts';

/** What may be asked back. @throws KdrError KDR_COLLECT_UNAVAILABLE, KDR_DIAGNOSE_UNAVAILABLE */
export interface CallbackHandlers {
  collect(grant: CallbackGrant, request: CallbackCollect): Promise<CollectAnswer>;
  diagnose(grant: CallbackGrant, request: CallbackDiagnose): Promise<DiagnoseAnswer>;
}

export interface CallbackServer {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  KDR_CALLBACK_DENIED: 401,
  KDR_NOT_FOUND: 404,
  KDR_BAD_REQUEST: 400,
  KDR_REQUEST_TOO_LARGE: 413,
  KDR_CALLBACK_TOO_MANY: 429,
  KDR_COLLECT_UNAVAILABLE: 404,
  KDR_DIAGNOSE_UNAVAILABLE: 404,
};

/**
 * The agent's own socket (mode 0660), on which plugins of this node ask back while they are being asked: `POST /v1/collect`, `/v1/diagnose`,
 * with the bearer token that came with their call. Plain node:http: a web framework would cost the agent half of its memory.
 */
export function createCallbackServer(socket: string, tokens: CallbackTokens, handlers: CallbackHandlers, logger: Logger): CallbackServer {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => void serve(request, response));
  server.maxConnections = 256;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const grant = authorised(request, tokens);
      const body = await readJson(request);
      if (request.method === 'POST' && request.url === '/v1/collect')
        return reply(response, 200, await handlers.collect(grant, checked(CallbackCollect, body)));
      if (request.method === 'POST' && request.url === '/v1/diagnose')
        return reply(response, 200, await handlers.diagnose(grant, checked(CallbackDiagnose, body)));
      throw new KdrError('KDR_NOT_FOUND', 'there is POST /v1/collect and POST /v1/diagnose');
    } catch (error) {
      replyProblem(response, error, logger);
    }
  };

  return {
    start: async () => {
      await mkdir(dirname(socket), { recursive: true, mode: 0o750 });
      // What a killed predecessor left; the state lock says that none is alive.
      await rm(socket, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(socket, resolve);
      });
      await chmod(socket, 0o660);
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function authorised(request: IncomingMessage, tokens: CallbackTokens): CallbackGrant {
  const token = /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(request.headers.authorization ?? '')?.[1];
  const grant = token === undefined ? undefined : tokens.find(token);
  if (!grant) throw new KdrError('KDR_CALLBACK_DENIED', 'the token is unknown, or its call has ended');
  if (grant.callsLeft <= 0) throw new KdrError('KDR_CALLBACK_TOO_MANY', `${grant.plugin.name} asked back too often in one call`);
  grant.callsLeft -= 1;
  return grant;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMITS.parametersBytes + 1024) throw new KdrError('KDR_REQUEST_TOO_LARGE', `more than ${LIMITS.parametersBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new KdrError('KDR_BAD_REQUEST', 'the body is not JSON', { cause });
  }
}

function checked<T>(schema: Parameters<typeof shapeError>[0] & { static: T }, body: unknown): T {
  const error = shapeError(schema, body);
  if (error !== undefined) throw new KdrError('KDR_BAD_REQUEST', error);
  return body as T;
}

function replyProblem(response: ServerResponse, error: unknown, logger: Logger): void {
  const known = error instanceof KdrError;
  if (!known) logger.error({ err: error }, 'a question back failed');
  const status = known ? (STATUS[error.code] ?? 502) : 500;
  const problem = {
    title: known ? error.code : 'InternalError',
    status,
    detail: known ? error.message : 'see the log of the agent',
    ...(known && { code: error.code }),
  };
  reply(response, status, problem, 'application/problem+json');
}

function reply(response: ServerResponse, status: number, value: unknown, contentType = 'application/json'): void {
  if (response.writableEnded || response.destroyed) return;
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
