import { KdrError, SYSTEM_NAMESPACE } from '@kdr/api-types';

/** Settings of the source, from its environment (the chart’s `sources.pod-terminating.*`). */
export interface Config {
  /** On top of the pod’s own deadline, which already contains the grace period. */
  slackMs: number;
  /** A pod that is still stuck that long after its last Abnormal has finished gets another. */
  againMs: number;
  /** Abnormals per pod, at most. */
  episodes: number;
  /** A node whose Lease is that old does not answer: its agent can’t work. */
  nodeStaleMs: number;
  /** Where the Abnormal is created when the pod's own namespace is being deleted and takes nothing new. */
  namespace: string;
}

/**
 * Reads `KDR_TERMINATING_SLACK_SECONDS` (60), `KDR_TERMINATING_AGAIN_SECONDS` (1800), `KDR_TERMINATING_EPISODES` (3), `KDR_NODE_STALE_SECONDS` (40: the
 * node lifecycle controller's own grace period), `KDR_NAMESPACE` (kdr-system).
 * @throws KdrError KDR_CONFIG_INVALID that names the variable that is wrong.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const number = (name: string, fallback: number, unit: number) => {
    const value = Number(env[name] ?? fallback);
    if (!(value >= 0) || value > 86_400)
      throw new KdrError('KDR_CONFIG_INVALID', `${name} must be a number from 0 to 86400, not "${env[name]}"`);
    return value * unit;
  };
  return {
    slackMs: number('KDR_TERMINATING_SLACK_SECONDS', 60, 1000),
    againMs: number('KDR_TERMINATING_AGAIN_SECONDS', 1800, 1000),
    episodes: number('KDR_TERMINATING_EPISODES', 3, 1),
    nodeStaleMs: number('KDR_NODE_STALE_SECONDS', 40, 1000),
    namespace: env.KDR_NAMESPACE || SYSTEM_NAMESPACE,
  };
}
