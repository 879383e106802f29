import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { inClusterConfig } from '@kdr/controller-runtime';
import type { ApiServerConfig, LogLevel } from '@kdr/controller-runtime';
import { KdrError, SYSTEM_NAMESPACE } from '@kdr/api-types';
import type { AgentOptions } from './options.ts';

/** Everything that the program is told from outside. */
export interface AgentConfig {
  server: ApiServerConfig;
  node: string;
  /** KDR's own namespace: the agent's Lease, and Abnormals about the node. */
  namespace: string;
  stateDirectory: string;
  socketDirectory: string | undefined;
  procRoot: string | undefined;
  /** Holds the token that plugins behind Services want (audience `kdr.dev/plugins`). */
  pluginTokenFile: string | undefined;
  probe: { host: string; port: number };
  logLevel: LogLevel;
  options: Partial<AgentOptions>;
}

const FLAGS = {
  server: 'KDR_SERVER',
  'token-file': 'KDR_TOKEN_FILE',
  'ca-file': 'KDR_CA_FILE',
  'node-name': 'KDR_NODE_NAME',
  namespace: 'KDR_NAMESPACE',
  'state-dir': 'KDR_STATE_DIR',
  'socket-dir': 'KDR_SOCKET_DIR',
  'proc-root': 'KDR_PROC_ROOT',
  'plugin-token-file': 'KDR_PLUGIN_TOKEN_FILE',
  'probe-host': 'KDR_PROBE_HOST',
  'probe-port': 'KDR_PROBE_PORT',
  'log-level': 'KDR_LOG_LEVEL',
  options: 'KDR_AGENT_OPTIONS',
} as const;
type Flag = keyof typeof FLAGS;
const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Reads flags and, where a flag is not given, the environment: `--node-name` or KDR_NODE_NAME, and so on. Without a server it is the one of the
 * cluster in whose Pod this runs. `--options` is a JSON object of AgentOptions.
 * @throws KdrError KDR_CLI_USAGE naming what is wrong.
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): AgentConfig {
  const value = valuesOf(argv, env);
  const port = Number(value('probe-port') ?? 9810);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage(`--probe-port must be 0 to 65535, not ${value('probe-port')}`);
  const logLevel = value('log-level') ?? 'info';
  if (!LEVELS.includes(logLevel)) throw usage(`--log-level must be one of ${LEVELS.join(', ')}`);
  return {
    server: serverOf(value, env),
    node: value('node-name') ?? hostname().toLowerCase(),
    namespace: namespaceOf(value('namespace')),
    stateDirectory: value('state-dir') ?? '/var/lib/kdr/agent',
    socketDirectory: value('socket-dir'),
    procRoot: value('proc-root'),
    pluginTokenFile: value('plugin-token-file'),
    probe: { host: value('probe-host') ?? '127.0.0.1', port },
    logLevel: logLevel as LogLevel,
    options: optionsOf(value('options')),
  };
}

function valuesOf(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): (flag: Flag) => string | undefined {
  const options = Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true });
    return (flag) => (values[flag] as string | undefined) ?? env[FLAGS[flag]];
  } catch (cause) {
    throw usage((cause as Error).message, cause);
  }
}

function serverOf(value: (flag: Flag) => string | undefined, env: Readonly<Record<string, string | undefined>>): ApiServerConfig {
  const server = value('server');
  if (server === undefined) return inClusterConfig(undefined, env);
  const [tokenFile, caFile] = [value('token-file'), value('ca-file')];
  return { server, ...(tokenFile !== undefined && { tokenFile }), ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }) };
}

function namespaceOf(text = SYSTEM_NAMESPACE): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) throw usage(`--namespace must be the name of a namespace, not "${text}"`);
  return text;
}

function optionsOf(text: string | undefined): Partial<AgentOptions> {
  if (text === undefined) return {};
  try {
    const options: unknown = JSON.parse(text);
    if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  } catch (cause) {
    throw usage('--options is not JSON', cause);
  }
  throw usage('--options must be a JSON object');
}

function usage(message: string, cause?: unknown): KdrError {
  return new KdrError('KDR_CLI_USAGE', message, { cause });
}
