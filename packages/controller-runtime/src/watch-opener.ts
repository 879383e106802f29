import type { IncomingMessage } from 'node:http';
import type { Counter } from 'prom-client';
import type { Credentials } from './credentials.ts';
import type { HttpTransport } from './http-transport.ts';
import { answerError } from './requester.ts';
import { readWatch } from './watch-stream.ts';
import type { WatchEvent } from './watch-stream.ts';

/** An error answer is a Status of a few hundred bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Opens watches. The connection is made at the first step of the iteration, and closed when the iteration is left. */
export function createWatchOpener(parts: {
  transport: HttpTransport;
  credentials: Credentials;
  requests: Counter<'code' | 'method'> | undefined;
  timeoutMs: number;
}) {
  const { transport, credentials, requests, timeoutMs } = parts;
  const connect = async (path: string, signal: AbortSignal | undefined): Promise<IncomingMessage> => {
    for (let tries = 1; ; tries += 1) {
      const authorization = await credentials.authorization();
      const response = await transport.open({ method: 'GET', path, authorization, timeoutMs, signal });
      requests?.inc({ code: String(response.statusCode), method: 'WATCH' });
      if (response.statusCode === 200) return response;
      const refusal = await readRefusal(response, timeoutMs);
      if (response.statusCode !== 401 || tries > 1 || !(await credentials.refresh())) throw answerError(refusal, `WATCH ${path}`, false);
    }
  };
  return <T>(
    path: string,
    options: { signal?: AbortSignal; idleTimeoutMs?: number; maxLineBytes?: number },
  ): AsyncIterable<WatchEvent<T>> => ({
    [Symbol.asyncIterator]() {
      const limits = { idleTimeoutMs: options.idleTimeoutMs ?? 90_000, maxLineBytes: options.maxLineBytes ?? 16 * 1024 * 1024 };
      let events: AsyncIterableIterator<WatchEvent<T>> | undefined;
      return {
        next: async () => {
          events ??= readWatch<T>(await connect(path, options.signal), options.signal, limits);
          return events.next();
        },
        return: () => events?.return?.() ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  });
}

async function readRefusal(
  response: IncomingMessage,
  timeoutMs: number,
): Promise<{ status: number; contentType: string; retryAfterSeconds: number | undefined; body: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => response.destroy(), timeoutMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // What came so far says enough: the status is known.
  } finally {
    clearTimeout(timer);
  }
  const retryAfter = Number(response.headers['retry-after']);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    retryAfterSeconds: Number.isInteger(retryAfter) ? retryAfter : undefined,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
