import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServingCertificate } from '../pki/serving-certificate.ts';

/** A listener that is up. */
export interface HttpsListener {
  port: number;
  /** Takes no new connection, lets running requests finish for `graceMilliseconds`, then cuts what is left. */
  close(graceMilliseconds: number): Promise<void>;
}

/** Headers in 10 s, the whole request in 60 s; an idle connection stays longer than the 90 s after which Go's clients drop theirs. */
const headersTimeout = 10_000;
const requestTimeout = 60_000;
const keepAliveTimeout = 120_000;
const maximumHeaderBytes = 32 * 1024;
/** Connections beyond this are closed at once; each watch holds one. */
const maximumConnections = 2_000;

/** Listens for HTTPS. @param onError hears of what befalls the listener later, such as too many open files. @throws Error with code KDR_APISERVER_LISTEN_FAILED when the address cannot be had. */
export async function listenHttps(
  { certificate, key }: ServingCertificate,
  { host, port }: { host: string; port: number },
  handler: (message: IncomingMessage, response: ServerResponse) => void,
  onError: (error: Error) => void,
): Promise<HttpsListener> {
  const server = createServer(
    {
      cert: certificate,
      key,
      minVersion: 'TLSv1.2',
      maxHeaderSize: maximumHeaderBytes,
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      noDelay: true,
    },
    handler,
  );
  server.maxConnections = maximumConnections;
  server.on('tlsClientError', () => {}); // a client that does not trust the certificate is that client's matter
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const why = `cannot listen on ${host}:${port}: ${cause.message}; choose another address, or port 0 for any free one`;
      reject(Object.assign(new Error(why, { cause }), { code: 'KDR_APISERVER_LISTEN_FAILED' }));
    });
    server.listen(port, host, resolve);
  });
  server.on('error', onError);
  return { port: (server.address() as AddressInfo).port, close: (grace) => close(server, grace) };
}

async function close(server: Server, graceMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMilliseconds);
  await closed;
  clearTimeout(timer);
}
