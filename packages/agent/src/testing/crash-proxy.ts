import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';

/** The way to an API server on which something may happen to a write. */
export interface CrashProxy {
  url: string;
  /**
   * Calls `crash` at the n-th write (PATCH or PUT of an Abnormal) from now: `before` it is passed on, which it then is not, or `after` the server
   * has carried it out but before the answer is passed on. The connection is cut.
   */
  crashAt(n: number, when: 'before' | 'after', crash: () => void): void;
  /** Writes since the last `crashAt`. */
  readonly writes: number;
  close(): Promise<void>;
}

export async function createCrashProxy(target: { url: string; ca: string }): Promise<CrashProxy> {
  const agent = new Agent({ keepAlive: true, ca: target.ca });
  let writes = 0;
  let planned: { n: number; when: 'before' | 'after'; crash: () => void } | undefined;

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const isWrite = ['PATCH', 'PUT'].includes(incoming.method ?? '') && (incoming.url ?? '').includes('/abnormals/');
    if (isWrite) writes += 1;
    const crash = isWrite && planned?.n === writes ? planned : undefined;
    if (crash?.when === 'before') {
      crash.crash();
      return void incoming.socket.destroy();
    }
    const passed = request(
      `${target.url}${incoming.url}`,
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target.url).host }, agent },
      (answer) => {
        if (crash) {
          crash.crash();
          answer.resume();
          return void incoming.socket.destroy();
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.on('data', (chunk) => outgoing.write(chunk)).on('end', () => outgoing.end());
        answer.on('error', () => outgoing.destroy());
      },
    );
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  };
  const server = createServer(forward);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    crashAt: (n, when, crash) => {
      writes = 0;
      planned = { n, when, crash };
    },
    get writes() {
      return writes;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      agent.destroy();
    },
  };
}
