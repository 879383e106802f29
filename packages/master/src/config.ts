import { readFileSync } from 'node:fs';
import { type ApiServerConfig, type LogLevel, inClusterConfig } from '@kdr/controller-runtime';

/** Settings of the program `kdr-master`, from its environment. */
export interface MasterConfig {
  server: ApiServerConfig;
  /** Port of /healthz, /readyz and /metrics on loopback; 0: any free one. */
  probePort: number;
  logLevel: LogLevel;
}

/**
 * Reads the environment: `KDR_SERVER` with `KDR_TOKEN_FILE` and `KDR_CA_FILE`, or the ServiceAccount of the pod; `KDR_PROBE_PORT` (8081);
 * `KDR_LOG_LEVEL` (info).
 * @throws Error that names the variable that is wrong.
 */
export function readConfig(env: Record<string, string | undefined>): MasterConfig {
  const probePort = Number(env.KDR_PROBE_PORT ?? 8081);
  if (!Number.isInteger(probePort) || probePort < 0 || probePort > 65535)
    throw new Error(`KDR_PROBE_PORT must be a port, not "${env.KDR_PROBE_PORT}"`);
  const server: ApiServerConfig =
    env.KDR_SERVER === undefined
      ? inClusterConfig()
      : {
          server: env.KDR_SERVER,
          tokenFile: env.KDR_TOKEN_FILE,
          ...(env.KDR_CA_FILE === undefined ? {} : { ca: readFileSync(env.KDR_CA_FILE, 'utf8') }),
        };
  return { server, probePort, logLevel: (env.KDR_LOG_LEVEL ?? 'info') as LogLevel };
}
