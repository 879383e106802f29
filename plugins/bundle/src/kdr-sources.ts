import { createApiClient, createLogger, runProgram, runTogether } from '@kdr/controller-runtime';
import { readGroup } from './arguments.ts';
import { readLogLevel, readNodeName, readServer } from './config.ts';
import { onParentGone } from './parent-pipe.ts';
import { SOURCE_GROUPS } from './source-groups.ts';
import { createSources } from './sources.ts';
import manifest from '../package.json' with { type: 'json' };

const { env } = process;
const argv = process.argv.slice(2);
const help = {
  about: 'runs the custom sources of one group: they make Abnormals of what they see',
  usage: `kdr-sources --group ${Object.keys(SOURCE_GROUPS).join('|')}`,
  settings: {
    '--group': 'which sources: those of a node, or those of the cluster',
    KDR_SERVER: 'URL of the API server; the cluster in whose Pod it runs',
    KDR_TOKEN_FILE: 'file with the bearer token for it',
    KDR_CA_FILE: 'file with the authorities (PEM) to trust there',
    KDR_NODE_NAME: 'name of the Node, for the group node',
    KDR_NAMESPACE: "KDR's own namespace; kdr-system",
    KDR_TERMINATING_SLACK_SECONDS: "pod-terminating: seconds after a pod's own deadline; 60",
    KDR_TERMINATING_AGAIN_SECONDS: 'pod-terminating: seconds until a pod that is still stuck is reported again; 1800',
    KDR_TERMINATING_EPISODES: 'pod-terminating: Abnormals per pod, at most; 3',
    KDR_NODE_STALE_SECONDS: "pod-terminating: age of a node's Lease from which on it does not answer; 40",
    KDR_UNREAPED_SECONDS: 'unreaped-children: seconds that a zombie waits until it counts; 60',
    KDR_UNREAPED_INTERVAL_SECONDS: 'unreaped-children: seconds between two looks; 5',
    KDR_UNREAPED_QUIET_SECONDS: 'unreaped-children: seconds until a parent is reported again; 1800',
    KDR_SOURCE_NAMESPACE: 'unreaped-children: namespace of the Abnormals; default',
    KDR_LOG_LEVEL: 'trace, debug, info, warn, error, fatal or silent; info',
  },
};
const debug = /^(debug|trace)$/.test(env.KDR_LOG_LEVEL ?? '');
const advice = 'KDR_LOG_LEVEL=debug shows where it happened.';

async function main(): Promise<void> {
  const group = readGroup(argv, Object.keys(SOURCE_GROUPS) as (keyof typeof SOURCE_GROUPS)[]);
  const logger = createLogger({ name: 'kdr-sources', level: readLogLevel(env) });
  const server = readServer(env);
  const node = group === 'node' ? readNodeName(env) : '';
  const client = createApiClient({ ...server, userAgent: 'kdr-sources' }, { logger });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  onParentGone(env, () => stop.abort());

  const sources = createSources(group, { client, node, logger, env });
  await runTogether(sources, stop.signal).finally(() => client.close());
}

const code = await runProgram({ name: 'kdr-sources', version: manifest.version, argv, help, debug, advice }, main);
if (code !== 0) process.exit(code);
