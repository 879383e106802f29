import { readFileSync } from 'node:fs';
import { KdrError, codedAs } from '@kdr/api-types';
import { type ApiServerConfig, type LogLevel, inClusterConfig } from '@kdr/controller-runtime';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `KDR_LOG_LEVEL`; info without it.
 * @throws KdrError KDR_CONFIG_INVALID
 */
export function readLogLevel({ KDR_LOG_LEVEL: level }: Environment): LogLevel {
  if (!/^(trace|debug|info|warn|error|fatal|silent)?$/.test(level ?? ''))
    throw wrong('KDR_LOG_LEVEL', 'trace, debug, info, warn, error, fatal or silent', level);
  return (level || 'info') as LogLevel;
}

/**
 * `KDR_RECOVERY`: `off` leaves out whatever could act, `on` or nothing does not.
 * @throws KdrError KDR_CONFIG_INVALID for any other word: who misspells `off` must not get recoverers.
 */
export function readRecovery({ KDR_RECOVERY: recovery }: Environment): boolean {
  if (!/^(on|off)?$/.test(recovery ?? '')) throw wrong('KDR_RECOVERY', 'on or off', recovery);
  return recovery !== 'off';
}

/**
 * `KDR_NODE_NAME`: sources of a node say of which.
 * @throws KdrError KDR_CONFIG_INVALID where it is missing
 */
export function readNodeName({ KDR_NODE_NAME: node }: Environment): string {
  if (!node) throw wrong('KDR_NODE_NAME', 'the name of the Node that the sources look at', node);
  return node;
}

/**
 * `KDR_SERVER`, `KDR_TOKEN_FILE` and `KDR_CA_FILE`; without a server the cluster in whose Pod this runs.
 * @throws KdrError KDR_CONFIG_INVALID, KDR_UNREADABLE, KDR_NOT_IN_CLUSTER
 */
export function readServer(env: Environment): ApiServerConfig {
  const { KDR_SERVER: server, KDR_TOKEN_FILE: tokenFile, KDR_CA_FILE: caFile } = env;
  if (!server) return codedAs('KDR_NOT_IN_CLUSTER', () => inClusterConfig(undefined, env));
  if (!/^https?:\/\/[^/\s]/.test(server)) throw wrong('KDR_SERVER', 'an http or https URL', server);
  return {
    server,
    tokenFile: tokenFile || undefined,
    ca: caFile ? codedAs('KDR_UNREADABLE', () => readFileSync(caFile, 'utf8'), 'KDR_CA_FILE') : undefined,
  };
}

function wrong(variable: string, what: string, found = ''): KdrError {
  return new KdrError('KDR_CONFIG_INVALID', `${variable} must be ${what}, not "${found.slice(0, 256)}"`);
}
