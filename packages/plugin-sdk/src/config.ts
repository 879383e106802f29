import { join } from 'node:path';

/** What the environment says. Read here and nowhere else. */
export interface SdkConfig {
  /** `KDR_PLUGIN_DIR`: where the sockets are made. Default `/run/kdr/plugins`. */
  directory: string;
  /** `KDR_ATTEMPT_DIR`: where recoverers record their attempts. Default: `attempts` beside the sockets' directory. */
  attemptsDirectory: string | undefined;
  /** `KDR_LOG_LEVEL`: trace, debug, info, warn, error, fatal, silent. Default `info`. */
  logLevel: string;
}

const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

export function readConfig(env: NodeJS.ProcessEnv = process.env): SdkConfig {
  const level = env.KDR_LOG_LEVEL ?? '';
  return {
    directory: env.KDR_PLUGIN_DIR || '/run/kdr/plugins',
    attemptsDirectory: env.KDR_ATTEMPT_DIR || undefined,
    logLevel: LEVELS.has(level) ? level : 'info',
  };
}

export function besideSockets(directory: string): string {
  return join(directory, '..', 'attempts');
}
