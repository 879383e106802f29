import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { rmSync } from 'node:fs';
import type { Role } from '@kdr/api-types';

/** A plugin without the SDK: right in its manifest and its readiness, and in a call whatever the test wants. */
export interface RawPlugin {
  socket: string;
  /** Calls that have come, each with its body. */
  calls: string[];
  /** Ends it as a crash would: nobody listens, and what was open is broken. */
  close(): Promise<void>;
  /** Listens again. */
  open(): Promise<void>;
}

/** What it says of itself besides its name. */
export interface RawManifest {
  name: string;
  role: Role;
  priority?: number;
  timeoutSeconds?: number;
  match?: { faults: string[] };
}

/** Starts it on a unix socket. `answer` gets every call of its role. */
export async function startRawPlugin(
  socket: string,
  manifest: RawManifest,
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<RawPlugin> {
  let server: Server | undefined;
  const plugin: RawPlugin = {
    socket,
    calls: [],
    close: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      closing.closeAllConnections();
      await closed;
      rmSync(socket, { force: true });
    },
    open: async () => {
      server = createServer((request, response) => {
        if (request.url === '/v1/manifest') return sendJson(response, { version: '1.0.0', protocols: ['v1'], privileges: [], ...manifest });
        if (request.method === 'GET') return sendJson(response, {});
        let body = '';
        request.setEncoding('utf8').on('data', (part: string) => (body += part));
        request.on('end', () => {
          plugin.calls.push(body);
          answer(response, request);
        });
      });
      await new Promise<void>((resolve) => server?.listen(socket, resolve));
    },
  };
  await plugin.open();
  return plugin;
}

/** Answers 200 with JSON. */
export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Answers with a body of that many bytes, as fast as they are taken; `sent` hears how many were. */
export function sendBytes(response: ServerResponse, bytes: number, sent: (count: number) => void): void {
  const chunk = Buffer.alloc(1 << 20, 'a');
  let count = 0;
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = () => {
    while (count < bytes && !response.destroyed) {
      count += chunk.length;
      sent(count);
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}
