import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { inClusterConfig } from '@kdr/controller-runtime';
import type { ApiServerConfig, LogLevel } from '@kdr/controller-runtime';
import { KdrError, SYSTEM_NAMESPACE, codedAs } from '@kdr/api-types';
import { FLAGS } from './flags.ts';
import type { Flag } from './flags.ts';
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

const LEVELS = /^(trace|debug|info|warn|error|fatal|silent)$/;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SERVER = /^https?:\/\/[^/\s]/;

type Environment = Readonly<Record<string, string | undefined>>;
/** A setting and where it was found, for the error that says what is wrong with it. */
interface Setting {
  text: string;
  from: string;
  code: 'KDR_CLI_USAGE' | 'KDR_CONFIG_INVALID';
}
type Settings = (flag: Flag) => Setting | undefined;

/**
 * Reads flags and, where a flag is not given, the environment: `--node-name` or KDR_NODE_NAME, and so on; an empty variable counts as none.
 * Without a server it is the one of the cluster in whose Pod this runs. `--options` is a JSON object of AgentOptions.
 * @throws KdrError KDR_CLI_USAGE, KDR_CONFIG_INVALID, KDR_UNREADABLE naming what is wrong; KDR_NOT_IN_CLUSTER without any server.
 */
export function readConfig(argv: readonly string[], env: Environment): AgentConfig {
  const settings = settingsOf(argv, env);
  const text = (flag: Flag): string | undefined => settings(flag)?.text;
  return {
    server: serverOf(settings, env),
    node: text('node-name') ?? hostname().toLowerCase(),
    namespace: checked(settings('namespace'), NAMESPACE, 'the name of a namespace') ?? SYSTEM_NAMESPACE,
    stateDirectory: text('state-dir') ?? '/var/lib/kdr/agent',
    socketDirectory: text('socket-dir'),
    procRoot: text('proc-root'),
    pluginTokenFile: text('plugin-token-file'),
    probe: { host: text('probe-host') ?? '127.0.0.1', port: portOf(settings('probe-port')) ?? 9810 },
    logLevel: (checked(settings('log-level'), LEVELS, 'trace, debug, info, warn, error, fatal or silent') ?? 'info') as LogLevel,
    options: optionsOf(settings('options')),
  };
}

function settingsOf(argv: readonly string[], env: Environment): Settings {
  const options = Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, { type: 'string' as const }]));
  const values: Record<string, unknown> = codedAs('KDR_CLI_USAGE', () => parseArgs({ args: [...argv], options, strict: true }).values);
  return (flag) => {
    const { variable } = FLAGS[flag];
    const given = values[flag] as string | undefined;
    if (given !== undefined) return { text: given, from: `--${flag}`, code: 'KDR_CLI_USAGE' };
    return env[variable] ? { text: env[variable], from: variable, code: 'KDR_CONFIG_INVALID' } : undefined;
  };
}

function serverOf(settings: Settings, env: Environment): ApiServerConfig {
  const server = checked(settings('server'), SERVER, 'an http or https URL');
  if (server === undefined) return codedAs('KDR_NOT_IN_CLUSTER', () => inClusterConfig(undefined, env));
  const [tokenFile, caFile] = [settings('token-file')?.text, settings('ca-file')];
  return {
    server,
    ...(tokenFile !== undefined && { tokenFile }),
    ...(caFile !== undefined && { ca: codedAs('KDR_UNREADABLE', () => readFileSync(caFile.text, 'utf8'), caFile.from) }),
  };
}

function portOf(setting: Setting | undefined): number | undefined {
  if (setting === undefined) return undefined;
  if (!/^\d{1,5}$/.test(setting.text) || Number(setting.text) > 65_535) throw wrong(setting, 'a port, 0 to 65535');
  return Number(setting.text);
}

function checked(setting: Setting | undefined, pattern: RegExp, what: string): string | undefined {
  if (setting !== undefined && !pattern.test(setting.text)) throw wrong(setting, what);
  return setting?.text;
}

function optionsOf(setting: Setting | undefined): Partial<AgentOptions> {
  if (setting === undefined) return {};
  try {
    const options: unknown = JSON.parse(setting.text);
    if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  } catch (cause) {
    throw wrong(setting, 'a JSON object', cause);
  }
  throw wrong(setting, 'a JSON object');
}

function wrong({ text, from, code }: Setting, what: string, cause?: unknown): KdrError {
  return new KdrError(code, `${from} must be ${what}, not "${text.slice(0, 256)}"`, { cause });
}
