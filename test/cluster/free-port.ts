import { createServer } from 'node:net';
import { ClusterError } from './cluster-error.ts';

// Below the range of local ports of connections (ip_local_port_range starts at 32768), so that a server which is stopped for a while gets its port back.
const FIRST = 20_000;
const LAST = 29_999;
const TRIES = 50;

/** A TCP port that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) return port;
  }
  throw new ClusterError('KDR_CLUSTER_START_FAILED', `None of ${TRIES} ports between ${FIRST} and ${LAST} was free.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
