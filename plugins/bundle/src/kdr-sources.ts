import { readFileSync } from 'node:fs';
import { type ApiServerConfig, createApiClient, createLogger, inClusterConfig, runTogether } from '@kdr/controller-runtime';
import { onParentGone, readGroup } from './arguments.ts';
import { SOURCE_GROUPS } from './source-groups.ts';
import { createSources } from './sources.ts';

const { env } = process;
const group = readGroup(process.argv.slice(2), Object.keys(SOURCE_GROUPS) as (keyof typeof SOURCE_GROUPS)[]);
const server: ApiServerConfig =
  env.KDR_SERVER === undefined
    ? inClusterConfig()
    : { server: env.KDR_SERVER, tokenFile: env.KDR_TOKEN_FILE, ca: env.KDR_CA_FILE && readFileSync(env.KDR_CA_FILE, 'utf8') };
const logger = createLogger({ name: 'kdr-sources' });
const client = createApiClient({ ...server, userAgent: 'kdr-sources' }, { logger });
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
onParentGone(env, () => stop.abort());

const sources = createSources(group, { client, node: env.KDR_NODE_NAME ?? '', logger, env });
await runTogether(sources, stop.signal).finally(() => client.close());
