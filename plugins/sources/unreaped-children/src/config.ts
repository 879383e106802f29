import { KdrError } from '@kdr/api-types';

/** Settings of the source, from its environment (the chart’s `sources.unreaped-children.*`). */
export interface Config {
  /** A zombie that has waited that long counts. */
  thresholdMs: number;
  /** Pause between two looks. */
  intervalMs: number;
  /** The same parent makes no other Abnormal for that long after one has finished. */
  quietMs: number;
  /** Namespace of the Abnormals. */
  namespace: string;
}

/**
 * Reads `KDR_UNREAPED_SECONDS` (60: a healthy shim under a burst of execs leaves zombies for many seconds), `KDR_UNREAPED_INTERVAL_SECONDS` (5),
 * `KDR_UNREAPED_QUIET_SECONDS` (1800), `KDR_SOURCE_NAMESPACE` (default).
 * @throws KdrError KDR_CONFIG_INVALID that names the variable that is wrong.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const seconds = (name: string, fallback: number, minimum: number) => {
    const value = Number(env[name] ?? fallback);
    if (!(value >= minimum) || value > 86_400)
      throw new KdrError('KDR_CONFIG_INVALID', `${name} must be a number of seconds from ${minimum} to 86400, not "${env[name]}"`);
    return value * 1000;
  };
  return {
    thresholdMs: seconds('KDR_UNREAPED_SECONDS', 60, 0),
    intervalMs: seconds('KDR_UNREAPED_INTERVAL_SECONDS', 5, 0.1),
    quietMs: seconds('KDR_UNREAPED_QUIET_SECONDS', 1800, 0),
    namespace: env.KDR_SOURCE_NAMESPACE ?? 'default',
  };
}
