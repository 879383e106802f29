import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { KdrError } from '@kdr/api-types';
import type { ApiServerConfig } from '@kdr/controller-runtime';
import { parse } from 'yaml';

interface Named<T> {
  name: string;
  cluster?: T;
  user?: T;
  context?: T;
}
interface Kubeconfig {
  'current-context'?: string;
  clusters?: Named<{ server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string }>[];
  users?: Named<{
    token?: string;
    tokenFile?: string;
    'client-certificate-data'?: string;
    'client-key-data'?: string;
    'client-certificate'?: string;
    'client-key'?: string;
    exec?: unknown;
    'auth-provider'?: unknown;
  }>[];
  contexts?: Named<{ cluster: string; user: string; namespace?: string }>[];
}

/** How to reach an API server, and which namespace is meant when none is named. */
export interface Access {
  server: ApiServerConfig;
  namespace: string;
}

/**
 * Reads a kubeconfig: tokens, token files and client certificates.
 * @throws KdrError KDR_NOT_RUNNING where there is none, KDR_CLI_USAGE where it can't be used (credential plugins are not).
 */
export function readKubeconfig(file: string, contextName?: string): Access {
  const config = load(file);
  const wanted = contextName ?? config['current-context'];
  const context = config.contexts?.find((one) => one.name === wanted)?.context;
  const cluster = config.clusters?.find((one) => one.name === context?.cluster)?.cluster;
  const user = config.users?.find((one) => one.name === context?.user)?.user ?? {};
  if (context === undefined || cluster === undefined)
    throw new KdrError('KDR_CLI_USAGE', `${file} has no context "${wanted ?? ''}" with a cluster`);
  if (user.exec !== undefined || user['auth-provider'] !== undefined) {
    throw new KdrError(
      'KDR_CLI_USAGE',
      `user "${context.user}" of ${file} logs in through a credential plugin, which kdr does not run: use a token or a client certificate`,
    );
  }
  const text = (data: string | undefined, path: string | undefined) =>
    data !== undefined
      ? Buffer.from(data, 'base64').toString('utf8')
      : path === undefined
        ? undefined
        : readFileSync(resolve(dirname(file), path), 'utf8');
  return {
    server: {
      server: cluster.server,
      ca: text(cluster['certificate-authority-data'], cluster['certificate-authority']),
      token: user.token,
      tokenFile: user.tokenFile,
      cert: text(user['client-certificate-data'], user['client-certificate']),
      key: text(user['client-key-data'], user['client-key']),
    },
    namespace: context.namespace ?? 'default',
  };
}

function load(file: string): Kubeconfig {
  try {
    const config: unknown = parse(readFileSync(file, 'utf8'));
    return config instanceof Object ? config : {};
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw new KdrError('KDR_NOT_RUNNING', `there is no ${file}`, { cause });
    throw new KdrError('KDR_CLI_USAGE', `${file} can't be read as a kubeconfig: ${(cause as Error).message}`, { cause });
  }
}
