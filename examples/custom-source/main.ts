import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createApiClient, createLogger, inClusterConfig } from '@kdr/controller-runtime';
import { createSource } from './source.ts';

const { KDR_SERVER, KDR_TOKEN_FILE, KDR_CA_FILE, KDR_NODE_NAME = hostname() } = process.env;
const logger = createLogger({ name: 'descriptors' });
// In a Pod: its ServiceAccount. Elsewhere: where the API server is, and as whom.
const server = KDR_SERVER
  ? { server: KDR_SERVER, tokenFile: KDR_TOKEN_FILE, ca: KDR_CA_FILE && readFileSync(KDR_CA_FILE, 'utf8') }
  : inClusterConfig();
const client = createApiClient(server, { logger });
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

await createSource({ client, node: KDR_NODE_NAME, logger, usedRatio: 0.9, intervalMs: 10_000 }).run(stop.signal);
await client.close();
