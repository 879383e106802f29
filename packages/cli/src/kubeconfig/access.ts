import { KdrError } from '@kdr/api-types';
import type { ApiServerConfig } from '@kdr/controller-runtime';
import { type ExecPlugin, readExecPlugin } from './exec-plugin.ts';
import { dataField, flagField, listField, pathField, textField, wrong } from './fields.ts';
import { impersonation } from './impersonation.ts';
import { type Entry, type Kubeconfig, isObject } from './load.ts';

/** What kubectl's own flags change of a kubeconfig. */
export interface Overrides {
  context?: string;
  cluster?: string;
  user?: string;
  server?: string;
  tlsServerName?: string;
  insecureSkipTlsVerify?: boolean;
  certificateAuthority?: string;
  as?: string;
  asGroup?: string[];
  asUid?: string;
}

/** How to reach an API server, as whom, and which namespace is meant when none is named. */
export interface Access {
  server: ApiServerConfig;
  namespace: string;
  /** The plugin that gives the credential, where one does. */
  plugin?: ExecPlugin;
  /** What a person should know before anything is sent. */
  warnings: string[];
}

const NONE: Entry = { file: 'the command line', value: {} };

/**
 * What a kubeconfig and the flags say together, as kubectl reads them. Nothing is run and nobody is asked.
 * @throws KdrError KDR_CLI_USAGE where it can't be used; the message names the file and the field.
 */
export function accessOf(config: Kubeconfig, flags: Overrides): Access {
  const context = contextOf(config, flags);
  const clusterName = flags.cluster ?? textField(context, 'cluster');
  const userName = flags.user ?? textField(context, 'user');
  const cluster = named(config, 'clusters', clusterName, flags.cluster !== undefined) ?? NONE;
  const user = named(config, 'users', userName, flags.user !== undefined) ?? NONE;
  const { server, warnings } = serverOf(config, cluster, clusterName, flags);
  refuseOldLogins(user, userName);
  const exec = user.value.exec;
  const plugin =
    exec === undefined || exec === null ? undefined : readExecPlugin(user.file, userName ?? '', exec, clusterInfo(server, cluster));
  return {
    server: {
      ...server,
      token: textField(user, 'token'),
      tokenFile: pathField(user, 'tokenFile'),
      cert: dataField(user, 'client-certificate'),
      key: dataField(user, 'client-key'),
      headers: impersonation({
        user: flags.as ?? textField(user, 'as'),
        groups: flags.asGroup ?? listField(user, 'as-groups'),
        uid: flags.asUid ?? textField(user, 'as-uid'),
        extra: isObject(user.value['as-user-extra']) ? user.value['as-user-extra'] : {},
      }),
    },
    namespace: textField(context, 'namespace') ?? 'default',
    plugin,
    warnings,
  };
}

function contextOf(config: Kubeconfig, flags: Overrides): Entry {
  const name = flags.context ?? config.currentContext;
  const found = name === undefined ? undefined : config.contexts.get(name);
  if (found !== undefined) return found;
  // A server or a cluster that is named on the command line needs no context.
  if (flags.context === undefined && (flags.server !== undefined || flags.cluster !== undefined)) return NONE;
  const known = config.contexts.size === 0 ? 'it has none' : `it has ${[...config.contexts.keys()].slice(0, 20).join(', ')}`;
  const where = config.files.join(', ');
  throw new KdrError(
    'KDR_CLI_USAGE',
    name === undefined
      ? `${where} has no current-context: name one with --context (${known})`
      : `${where} has no context "${name}" (${known})`,
  );
}

function named(config: Kubeconfig, what: 'clusters' | 'users', name: string | undefined, asked: boolean): Entry | undefined {
  const found = name === undefined ? undefined : config[what].get(name);
  if (found === undefined && asked)
    throw new KdrError('KDR_CLI_USAGE', `${config.files.join(', ') || 'no kubeconfig'} has no ${what.slice(0, -1)} "${name}"`);
  return found;
}

function serverOf(config: Kubeconfig, cluster: Entry, name: string | undefined, flags: Overrides) {
  const url = flags.server ?? textField(cluster, 'server');
  if (url === undefined) {
    const where = config.files.join(', ');
    throw new KdrError('KDR_CLI_USAGE', `${where} has no cluster "${name ?? ''}" with a server, which the context names`);
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw wrong(cluster, `server must be an http or https URL, not "${url}"`);
  if (textField(cluster, 'proxy-url') !== undefined)
    throw wrong(cluster, `cluster "${name}" is reached through proxy-url, which kdr does not support: use \`kubectl proxy\` and --server`);
  const insecure = flags.insecureSkipTlsVerify ?? flagField(cluster, 'insecure-skip-tls-verify');
  const path = flags.certificateAuthority;
  const authority: Entry = path === undefined ? cluster : { file: '--certificate-authority', value: { 'certificate-authority': path } };
  // As client-go: the flag puts the authority of the file out of force; both in one file contradict each other.
  if (insecure && flags.insecureSkipTlsVerify === undefined && dataField(authority, 'certificate-authority') !== undefined)
    throw wrong(cluster, 'insecure-skip-tls-verify and a certificate-authority exclude each other');
  const server: ApiServerConfig = {
    server: url,
    ca: insecure ? undefined : dataField(authority, 'certificate-authority'),
    tlsServerName: flags.tlsServerName ?? textField(cluster, 'tls-server-name'),
    insecureSkipTlsVerify: insecure,
  };
  const warning = `Warning: the certificate of ${url} is not checked (insecure-skip-tls-verify): whoever is in between can read and change everything.`;
  return { server, warnings: insecure && url.startsWith('https:') ? [warning] : [] };
}

/** Ways to log in that no API server or no client takes any more: better said than sent. */
function refuseOldLogins(user: Entry, name: string | undefined): void {
  const provider = user.value['auth-provider'];
  if (provider !== undefined && provider !== null) {
    const which = isObject(provider) ? String(provider.name) : '';
    throw wrong(
      user,
      `user "${name}" logs in through auth-provider "${which}", which Kubernetes removed with 1.26: use its successor, a credential plugin (exec), a token or a client certificate`,
    );
  }
  if (user.value.username !== undefined || user.value.password !== undefined)
    throw wrong(
      user,
      `user "${name}" logs in with a password, which Kubernetes removed with 1.19: use a token, a client certificate or a credential plugin`,
    );
}

/** The Cluster of client.authentication.k8s.io. */
function clusterInfo(server: ApiServerConfig, cluster: Entry): object {
  const extensions = Array.isArray(cluster.value.extensions) ? (cluster.value.extensions as unknown[]) : [];
  const own = extensions.find((one) => isObject(one) && one.name === 'client.authentication.k8s.io/exec');
  return {
    server: server.server,
    ...(server.tlsServerName === undefined ? {} : { 'tls-server-name': server.tlsServerName }),
    ...(server.insecureSkipTlsVerify === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(server.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(server.ca).toString('base64') }),
    ...(isObject(own) ? { config: own.extension } : {}),
  };
}
