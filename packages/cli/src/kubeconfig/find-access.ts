import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KdrError } from '@kdr/api-types';
import { ApiError, inClusterConfig } from '@kdr/controller-runtime';
import { type Access, type Overrides, accessOf } from './access.ts';
import { impersonation } from './impersonation.ts';
import { loadKubeconfig } from './load.ts';

/** Where a server may be found. */
export interface Places {
  /** Kubeconfig files, in the order in which they count. */
  files: readonly string[];
  /** Where a Pod finds its ServiceAccount; undefined: not to be looked for. */
  serviceAccount: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * The server that is meant: of the kubeconfigs, or, where none of them exists, the one in whose cluster this runs.
 * @throws KdrError KDR_NOT_RUNNING where there is neither, KDR_CLI_USAGE where a kubeconfig can't be used.
 */
export function findAccess(places: Places, flags: Overrides): Access {
  const config = loadKubeconfig(places.files);
  if (config.files.length > 0 || flags.server !== undefined) return accessOf(config, flags);
  return ofThisPod(places, flags) ?? nothing(places.files);
}

function ofThisPod({ serviceAccount, env }: Places, flags: Overrides): Access | undefined {
  if (serviceAccount === undefined) return undefined;
  try {
    const server = inClusterConfig(serviceAccount, env);
    const headers = impersonation({ user: flags.as, groups: flags.asGroup ?? [], uid: flags.asUid, extra: {} });
    return { server: { ...server, headers }, namespace: namespaceIn(serviceAccount), warnings: [] };
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'NotInCluster') return undefined;
    throw error;
  }
}

function namespaceIn(serviceAccount: string): string {
  try {
    return readFileSync(join(serviceAccount, 'namespace'), 'utf8').trim() || 'default';
  } catch {
    // A projected volume need not have it.
    return 'default';
  }
}

function nothing(files: readonly string[]): never {
  throw new KdrError('KDR_NOT_RUNNING', `there is no ${files.join(' and no ')}`);
}
