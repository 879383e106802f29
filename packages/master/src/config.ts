import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, normalize } from 'node:path';
import { KdrError, SYSTEM_NAMESPACE, codedAs } from '@kdr/api-types';
import { type ApiServerConfig, type LogLevel, inClusterConfig } from '@kdr/controller-runtime';
import type { AdmissionSettings } from './admission/admission-settings.ts';
import type { CertificateSettings } from './certificates/certificate-settings.ts';

/** Settings of the program `kdr-master`, from its environment. */
export interface MasterConfig {
  server: ApiServerConfig;
  /** KDR's own namespace: Leases and Secrets. */
  namespace: string;
  /** Where /healthz, /readyz and /metrics are; port 0: any free one. */
  probe: { host: string; port: number };
  logLevel: LogLevel;
  /** This process among the candidates for leadership; undefined: it is the only one, and acts without asking. */
  identity: string | undefined;
  /** The webhook's server; undefined: no webhook. */
  webhook: { host: string; port: number } | undefined;
  admission: AdmissionSettings;
  /** What certificates are made of and where they go; undefined: nobody needs any. */
  certificates: CertificateSettings | undefined;
  /** File with the token that is shown to plugins behind a Service. */
  pluginTokenFile: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const SERVER = /^https?:\/\/[^/\s]/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Reads the environment; variables.ts lists it. An empty value counts as none.
 * @throws KdrError KDR_CONFIG_INVALID that names the variable, KDR_UNREADABLE for KDR_CA_FILE, KDR_NOT_IN_CLUSTER without a server.
 */
export function readConfig(environment: Environment): MasterConfig {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const namespace = checked(env, 'KDR_NAMESPACE', SYSTEM_NAMESPACE, DNS_LABEL, 'the name of a namespace');
  const logLevel = env.KDR_LOG_LEVEL ?? 'info';
  if (!LEVELS.includes(logLevel)) throw wrong('KDR_LOG_LEVEL', `one of ${LEVELS.join(', ')}`, logLevel);
  return {
    server: serverOf(env),
    namespace,
    probe: { host: env.KDR_PROBE_HOST ?? '127.0.0.1', port: portOf(env, 'KDR_PROBE_PORT') ?? 8081 },
    logLevel: logLevel as LogLevel,
    identity: electsLeader(env) ? `${env.KDR_POD_NAME ?? hostname()}_${randomBytes(4).toString('hex')}` : undefined,
    webhook: webhookOf(env),
    admission: {
      trustedUsers: listOf(env.KDR_TRUSTED_USERS) ?? ownUsers(namespace),
      socketDirectories: socketDirectoriesOf(env),
    },
    certificates: certificatesOf(env, namespace),
    pluginTokenFile: env.KDR_PLUGIN_TOKEN_FILE,
  };
}

/** @throws KdrError KDR_CLI_USAGE: the program takes none. */
export function refuseArguments([first]: readonly string[]): void {
  if (first !== undefined) throw new KdrError('KDR_CLI_USAGE', `it takes no arguments, so not "${first.slice(0, 256)}" (see --help)`);
}

function serverOf(env: Environment): ApiServerConfig {
  if (env.KDR_SERVER === undefined) return codedAs('KDR_NOT_IN_CLUSTER', () => inClusterConfig(undefined, env));
  checked(env, 'KDR_SERVER', '', SERVER, 'an http or https URL');
  const { KDR_TOKEN_FILE: tokenFile, KDR_CA_FILE: caFile } = env;
  return {
    server: env.KDR_SERVER,
    ...(tokenFile !== undefined && { tokenFile }),
    ...(caFile !== undefined && { ca: codedAs('KDR_UNREADABLE', () => readFileSync(caFile, 'utf8'), 'KDR_CA_FILE') }),
  };
}

/** In a cluster there may be several masters; elsewhere there is one. */
function electsLeader(env: Environment): boolean {
  const text = env.KDR_LEADER_ELECT ?? String(env.KDR_SERVER === undefined);
  if (text !== 'true' && text !== 'false') throw wrong('KDR_LEADER_ELECT', 'true or false', text);
  return text === 'true';
}

function webhookOf(env: Environment): MasterConfig['webhook'] {
  const port = portOf(env, 'KDR_WEBHOOK_PORT');
  return port === undefined ? undefined : { host: env.KDR_WEBHOOK_HOST ?? '0.0.0.0', port };
}

function certificatesOf(env: Environment, namespace: string): CertificateSettings | undefined {
  const name = (variable: string, absent: string) => checked(env, variable, absent, DNS_NAME, 'the name of an object');
  const webhook =
    env.KDR_WEBHOOK_PORT === undefined
      ? undefined
      : { service: name('KDR_SERVICE', 'kdr-master'), configuration: name('KDR_WEBHOOK_NAME', 'kdr') };
  const plugins =
    env.KDR_PLUGIN_TLS_SECRET === undefined
      ? undefined
      : { secret: name('KDR_PLUGIN_TLS_SECRET', ''), service: name('KDR_PLUGIN_SERVICE', 'kdr-cluster-plugins') };
  if (webhook === undefined && plugins === undefined) return undefined;
  const secret = name('KDR_TLS_SECRET', 'kdr-tls');
  if (plugins?.secret === secret)
    throw wrong('KDR_PLUGIN_TLS_SECRET', 'another Secret than KDR_TLS_SECRET (its key would be the authority’s)', plugins.secret);
  return { namespace, secret, ...(webhook && { webhook }), ...(plugins && { plugins }) };
}

/** The ServiceAccounts of KDR's own sources: what they may report is confined by their roles and by the admission policies. */
function ownUsers(namespace: string): string[] {
  return ['kdr-master', 'kdr-agent', 'kdr-cluster-sources'].map((name) => `system:serviceaccount:${namespace}:${name}`);
}

function socketDirectoriesOf(env: Environment): string[] {
  const directories = listOf(env.KDR_ALLOWED_SOCKET_DIRS) ?? ['/run/kdr/plugins'];
  const bad = directories.find((directory) => !isAbsolute(directory) || normalize(directory) !== directory || directory.endsWith('/'));
  if (bad !== undefined) throw wrong('KDR_ALLOWED_SOCKET_DIRS', 'absolute directories without trailing slash, joined by commas', bad);
  return directories;
}

function listOf(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function portOf(env: Environment, variable: string): number | undefined {
  const text = env[variable];
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw wrong(variable, 'a port, 0 to 65535', text);
  return port;
}

function checked(env: Environment, variable: string, absent: string, pattern: RegExp, what: string): string {
  const text = env[variable] ?? absent;
  if (!pattern.test(text)) throw wrong(variable, what, text);
  return text;
}

function wrong(variable: string, what: string, found: string): KdrError {
  return new KdrError('KDR_CONFIG_INVALID', `${variable} must be ${what}, not "${found.slice(0, 256)}"`);
}
