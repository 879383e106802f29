import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { statePaths } from './up/state-directory.ts';

/** What the command line takes from the environment, read once. */
export interface CliConfig {
  /** `KDR_STATE_DIR`; /var/lib/kdr for root, else $XDG_STATE_HOME/kdr or ~/.local/state/kdr. */
  stateDirectory: string;
  /** `KUBECONFIG` (its first file); else the one of `kdr up` where it has run; else ~/.kube/config. */
  kubeconfig: string;
  /** Name under which `kdr up` knows the person at the keyboard. */
  user: string;
  /** `KDR_LOG_LEVEL`. */
  logLevel: string;
  env: Record<string, string | undefined>;
}

/** Reads the environment. */
export function readConfig(env: Record<string, string | undefined>): CliConfig {
  const home = env.HOME ?? homedir();
  const own = process.getuid?.() === 0 ? '/var/lib/kdr' : join(env.XDG_STATE_HOME ?? join(home, '.local', 'state'), 'kdr');
  const stateDirectory = env.KDR_STATE_DIR ?? own;
  const ofUp = statePaths(stateDirectory).kubeconfig;
  const kubeconfig = env.KUBECONFIG?.split(':').find((file) => file !== '') ?? (existsSync(ofUp) ? ofUp : join(home, '.kube', 'config'));
  return { stateDirectory, kubeconfig, user: env.SUDO_USER ?? env.USER ?? userInfo().username, logLevel: env.KDR_LOG_LEVEL ?? 'warn', env };
}
