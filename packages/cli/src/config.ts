import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { SYSTEM_NAMESPACE } from '@kdr/api-types';
import { statePaths } from './up/state-directory.ts';

/** What the command line takes from the environment, read once. */
export interface CliConfig {
  /** `KDR_STATE_DIR`; /var/lib/kdr for root, else $XDG_STATE_HOME/kdr or ~/.local/state/kdr. */
  stateDirectory: string;
  /** `KUBECONFIG` (files that are merged, the first wins); else the one of `kdr up` where it has run; else ~/.kube/config. */
  kubeconfigs: string[];
  /** Where the kubelet mounts the ServiceAccount of a Pod; used where there is no kubeconfig. */
  serviceAccount: string;
  /** `KDR_NAMESPACE`: where KDR itself runs; kdr-system. */
  kdrNamespace: string;
  /** `KDR_WEBHOOK_NAME`: name of the ValidatingWebhookConfiguration; kdr. */
  webhookName: string;
  /** Name under which `kdr up` knows the person at the keyboard. */
  user: string;
  /** `KDR_LOG_LEVEL`. */
  logLevel: string;
  env: Record<string, string | undefined>;
}

/** Reads the environment. */
export function readConfig(env: Record<string, string | undefined>): CliConfig {
  const home = env.HOME ?? homeDirectory();
  const own = process.getuid?.() === 0 ? '/var/lib/kdr' : join(env.XDG_STATE_HOME ?? join(home, '.local', 'state'), 'kdr');
  const stateDirectory = env.KDR_STATE_DIR ?? own;
  const ofUp = statePaths(stateDirectory).kubeconfig;
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  return {
    stateDirectory,
    kubeconfigs: named.length > 0 ? named : [existsSync(ofUp) ? ofUp : join(home, '.kube', 'config')],
    serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
    kdrNamespace: env.KDR_NAMESPACE ?? SYSTEM_NAMESPACE,
    webhookName: env.KDR_WEBHOOK_NAME ?? 'kdr',
    user: env.SUDO_USER ?? env.USER ?? loginName(),
    logLevel: env.KDR_LOG_LEVEL ?? 'warn',
    env,
  };
}

/** As runc has it for a user who does not stand in /etc/passwd: the root directory. */
function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** A user of a container need not stand in /etc/passwd. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
