import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Where to call: a unix socket, or an http(s) URL. */
export type HttpTarget = { socketPath: string } | { url: string; ca?: string };

export interface HttpCall {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** Bytes of the answer that are taken at most. */
  maxBytes: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One request on a connection of its own, bounded in time by the signal and in bytes. Redirects are not followed. */
export function httpCall(target: HttpTarget, { method, path, headers = {}, body, signal, maxBytes }: HttpCall): Promise<HttpAnswer> {
  const options = {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
    signal,
    agent: false,
  } as const;
  return new Promise((resolve, reject) => {
    const request =
      'socketPath' in target
        ? httpRequest({ ...options, socketPath: target.socketPath, path })
        : (target.url.startsWith('https:') ? httpsRequest : httpRequest)(new URL(target.url.replace(/\/$/, '') + path), {
            ...options,
            ca: target.ca,
          });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) request.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.end(body);
  });
}
