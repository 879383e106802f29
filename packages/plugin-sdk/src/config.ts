import { join } from 'node:path';
import { KdrError, SYSTEM_NAMESPACE } from '@kdr/api-types';

/** What the environment says. Read here and nowhere else. */
export interface SdkConfig {
  /** `KDR_PLUGIN_DIR`: where the sockets are made. Default `/run/kdr/plugins`. */
  directory: string;
  /** `KDR_ATTEMPT_DIR`: where recoverers record their attempts. Default: `attempts` beside the sockets' directory. */
  attemptsDirectory: string | undefined;
  /** `KDR_LOG_LEVEL`: trace, debug, info, warn, error, fatal, silent. Default `info`. */
  logLevel: string;
  /** Instead of sockets, where `KDR_PLUGIN_LISTEN_PORT` is set. */
  listen?: ListenConfig;
}

/** A plugin behind a TLS Service. */
export interface ListenConfig {
  /** `KDR_PLUGIN_LISTEN_PORT`: of the first plugin; the next one listens on the next port. */
  port: number;
  /** `KDR_PLUGIN_LISTEN_HOST`. Default `0.0.0.0`; `::` where there is IPv6 only. */
  host: string;
  /** `KDR_PLUGIN_TLS_DIR`: holds `tls.crt` and `tls.key`, as a mounted Secret does. */
  tlsDirectory: string;
  /** `KDR_PLUGIN_CALLERS`: user names, separated by commas. Default: the ServiceAccounts `kdr-agent` and `kdr-master` of `KDR_NAMESPACE` (kdr-system). */
  callers: string[];
  api: ApiServerAccess;
}

/** How the API server is reached that reviews tokens: the pod's own ServiceAccount, or `KDR_SERVER` with `KDR_TOKEN_FILE` and `KDR_CA_FILE`. */
export interface ApiServerAccess {
  server: string;
  tokenFile: string;
  caFile: string;
}

const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws KdrError KDR_LISTEN_INVALID where a port is set and anything is missing that would keep it from being open to all */
export function readConfig(env: NodeJS.ProcessEnv = process.env): SdkConfig {
  const level = env.KDR_LOG_LEVEL ?? '';
  return {
    directory: env.KDR_PLUGIN_DIR || '/run/kdr/plugins',
    attemptsDirectory: env.KDR_ATTEMPT_DIR || undefined,
    logLevel: LEVELS.has(level) ? level : 'info',
    ...(env.KDR_PLUGIN_LISTEN_PORT && { listen: readListen(env.KDR_PLUGIN_LISTEN_PORT, env) }),
  };
}

export function besideSockets(directory: string): string {
  return join(directory, '..', 'attempts');
}

function readListen(text: string, env: NodeJS.ProcessEnv): ListenConfig {
  const invalid = (message: string) => new KdrError('KDR_LISTEN_INVALID', message);
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw invalid(`KDR_PLUGIN_LISTEN_PORT must be a port, not "${text.slice(0, 64)}"`);
  if (!env.KDR_PLUGIN_TLS_DIR)
    throw invalid('KDR_PLUGIN_TLS_DIR must name the directory of tls.crt and tls.key: there is no port without TLS');
  if (env.KDR_PLUGIN_AUTHORIZE !== 'tokenreview')
    throw invalid('KDR_PLUGIN_AUTHORIZE must be "tokenreview": a port without a judge of tokens would be open to the whole network');
  const namespace = env.KDR_NAMESPACE || SYSTEM_NAMESPACE;
  const accounts = ['kdr-agent', 'kdr-master'].map((name) => `system:serviceaccount:${namespace}:${name}`);
  const callers = (env.KDR_PLUGIN_CALLERS || accounts.join(',')).split(',').map((name) => name.trim());
  if (callers.includes('')) throw invalid('KDR_PLUGIN_CALLERS must be user names, separated by commas; one is empty');
  return { port, host: env.KDR_PLUGIN_LISTEN_HOST || '0.0.0.0', tlsDirectory: env.KDR_PLUGIN_TLS_DIR, callers, api: readAccess(env) };
}

function readAccess(env: NodeJS.ProcessEnv): ApiServerAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const inCluster = host && port ? `https://${host.includes(':') ? `[${host}]` : host}:${port}` : 'https://kubernetes.default.svc';
  return {
    server: env.KDR_SERVER || inCluster,
    tokenFile: env.KDR_TOKEN_FILE || join(SERVICE_ACCOUNT, 'token'),
    caFile: env.KDR_CA_FILE || join(SERVICE_ACCOUNT, 'ca.crt'),
  };
}
