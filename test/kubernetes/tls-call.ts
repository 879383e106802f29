import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';

/** Where a plugin listens, and whom its caller trusts. */
export interface TlsPlugin {
  /** Of its pod. */
  host: string;
  port: number;
  /** What its certificate must be for. */
  name: string;
  ca: string;
}

/** What it answered. */
export interface TlsAnswer {
  status: number;
  body: string;
}

/** One call over TLS, as agents make it; at most 10 s. @throws Error where the certificate is not of that authority and name */
export async function callOverTls(
  { host, port, name, ca }: TlsPlugin,
  path: string,
  { token, body }: { token?: string; body?: object } = {},
): Promise<TlsAnswer> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) };
  const call = request({
    ...{ host, port, path, headers, ca, servername: name, agent: false },
    ...{ method: body ? 'POST' : 'GET', signal: AbortSignal.timeout(10_000) },
  });
  call.end(body && JSON.stringify(body));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response) };
}
