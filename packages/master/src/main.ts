import { createApiClient, createLogger, createProbeServer } from '@kdr/controller-runtime';
import { Registry } from 'prom-client';
import { readConfig } from './config.ts';
import { createMaster } from './master.ts';

const config = readConfig(process.env);
const logger = createLogger({ name: 'kdr-master', level: config.logLevel });
const registry = new Registry();
const client = createApiClient({ ...config.server, userAgent: 'kdr-master' }, { logger });
const master = createMaster({ client, logger, registry });
const probes = createProbeServer({ port: config.probePort, registry, ready: { caches: () => master.ready() || 'not filled yet' } });
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());

await probes.start();
logger.info({ probes: probes.url }, 'the master starts');
try {
  await master.run(stop.signal);
} finally {
  await probes.stop();
  await client.close();
}
