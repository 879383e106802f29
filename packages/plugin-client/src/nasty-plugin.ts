import { type AddressInfo, type Socket, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** What a server of the tests does with a connection, once a whole request has arrived. */
export type Behaviour = (socket: Socket, request: string) => void;

function serveConnection(behave: Behaviour): (socket: Socket) => void {
  return (socket) => {
    let received = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (head < 0 || received.length < head + 4 + length) return;
      const request = received;
      received = '';
      behave(socket, request);
    });
  };
}

/** A server on a unix socket that speaks whatever bytes the test wants. */
export async function startNasty(behave: Behaviour) {
  const directory = await mkdtemp(join(tmpdir(), 'kdr-nasty-'));
  const socket = join(directory, 'p.sock');
  const open = new Set<Socket>();
  const server = createServer((connection) => {
    open.add(connection);
    connection.on('close', () => open.delete(connection));
    serveConnection(behave)(connection);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    endpoint: { local: { socket } },
    /** Connections that are open now. */
    open,
    async [Symbol.asyncDispose]() {
      for (const connection of open) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The same over TLS, on a port of 127.0.0.1, with a certificate of its own making for `hostname`. */
export async function startTls(hostname: string, behave: Behaviour) {
  const pems = await generate([{ name: 'commonName', value: hostname }], {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: hostname }] },
    ],
  });
  const server = createTlsServer({ cert: pems.cert, key: pems.private }, serveConnection(behave));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: pems.cert,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A whole HTTP answer. */
export function http(status: string, headers: Record<string, string>, body = ''): string {
  const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

export function json(value: unknown): string {
  return http('200 OK', { 'content-type': 'application/json' }, typeof value === 'string' ? value : JSON.stringify(value));
}
