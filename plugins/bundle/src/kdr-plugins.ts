import { runProgram } from '@kdr/controller-runtime';
import { serve } from '@kdr/plugin-sdk';
import { readGroup } from './arguments.ts';
import { readLogLevel, readRecovery } from './config.ts';
import { PLUGIN_GROUPS, type PluginGroup, pluginsOf } from './groups.ts';
import { onParentGone } from './parent-pipe.ts';
import manifest from '../package.json' with { type: 'json' };

const { env } = process;
const argv = process.argv.slice(2);
const help = {
  about: 'serves the reference plugins of one group',
  usage: `kdr-plugins --group ${Object.keys(PLUGIN_GROUPS).join('|')}`,
  settings: {
    '--group': 'which plugins: those of a node, or those of the cluster',
    KDR_RECOVERY: 'off: no recoverer is served; on',
    KDR_PLUGIN_DIR: 'where the sockets are made; /run/kdr/plugins',
    KDR_ATTEMPT_DIR: "where recoverers record their attempts; attempts beside the sockets' directory",
    KDR_PLUGIN_LISTEN_PORT: 'TLS port of the first plugin, the next one has the next; sockets',
    KDR_PLUGIN_LISTEN_HOST: 'its address; 0.0.0.0',
    KDR_PLUGIN_TLS_DIR: 'directory of tls.crt and tls.key for the ports',
    KDR_PLUGIN_AUTHORIZE: 'tokenreview: who judges tokens at the ports',
    KDR_PLUGIN_CALLERS: 'users that may call there, joined by commas; agent and master of KDR_NAMESPACE',
    KDR_NAMESPACE: "KDR's own namespace; kdr-system",
    KDR_SERVER: 'URL of the API server for the group cluster; the cluster in whose Pod it runs',
    KDR_TOKEN_FILE: 'file with the bearer token for it',
    KDR_CA_FILE: 'file with the authorities (PEM) to trust there',
    KDR_JOURNAL_DIRECTORY: "journal of the host; the machine's own",
    KDR_LOG_LEVEL: 'trace, debug, info, warn, error, fatal or silent; info',
  },
};
const debug = /^(debug|trace)$/.test(env.KDR_LOG_LEVEL ?? '');
const advice = 'KDR_LOG_LEVEL=debug shows where it happened.';

const code = await runProgram({ name: 'kdr-plugins', version: manifest.version, argv, help, debug, advice }, async () => {
  const group = readGroup(argv, Object.keys(PLUGIN_GROUPS) as PluginGroup[]);
  readLogLevel(env);
  const host = await serve({ plugins: pluginsOf(group, { recovery: readRecovery(env) }) });
  onParentGone(env, () => void host.close());
});
// The plugins go on being served; what a failed start has left open must not keep the process.
if (code !== 0) process.exit(code);
