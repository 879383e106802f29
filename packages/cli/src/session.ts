import { KdrError } from '@kdr/api-types';
import { type ApiClient, type ApiServerConfig, createApiClient } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import type { CliConfig } from './config.ts';
import { parseDuration } from './duration.ts';
import type { Access, Overrides } from './kubeconfig/access.ts';
import { createExecCredentials } from './kubeconfig/exec-plugin.ts';
import { findAccess } from './kubeconfig/find-access.ts';
import type { Output } from './output/output.ts';

/** What every command is given. */
export interface CliContext {
  config: CliConfig;
  out: Output;
  /** Aborts on Ctrl-C and TERM. */
  signal: AbortSignal;
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
}

/** An open connection to the API server that the flags name. */
export interface Session {
  client: ApiClient;
  namespace: string;
  /** URL of the server. */
  server: string;
}

/** What `connectionFlags` gives. */
export interface ConnectionFlags extends Overrides {
  kubeconfig?: string;
  namespace?: string;
  requestTimeout?: string;
}

const collect = (value: string, all: string[] = []) => [...all, value];

/** kubectl's own flags for finding the server. */
export function connectionFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--cluster <name>', 'cluster of the kubeconfig')
    .option('--user <name>', 'user of the kubeconfig')
    .option('-n, --namespace <namespace>', 'namespace')
    .option('-s, --server <url>', 'address of the API server')
    .option('--tls-server-name <name>', 'name on the certificate of the server, where it is not its host')
    .option('--certificate-authority <file>', 'PEM of the authority to trust')
    .option('--insecure-skip-tls-verify', 'do not check the certificate of the server')
    .option('--as <user>', 'act for this user (impersonation)')
    .option('--as-group <group>', 'act for a member of this group; may be repeated', collect)
    .option('--as-uid <uid>', 'act for the user with this uid')
    .option('--request-timeout <duration>', 'how long one request may take: 30s, 2m; 0: as long as it takes (10 s)');
}

/** The server that the flags and the environment name; nobody is asked, nothing is run. */
function accessFor(context: CliContext, flags: ConnectionFlags): Access {
  const { kubeconfigs, serviceAccount, env } = context.config;
  const named = flags.kubeconfig;
  // A file that is named must be there: never the Pod's own cluster in its place.
  const places = {
    files: named === undefined ? kubeconfigs : [named],
    serviceAccount: named === undefined ? serviceAccount : undefined,
    env,
  };
  return findAccess(places, flags);
}

/** Runs something with a connection, and closes it whatever happens. */
export async function withSession<T>(context: CliContext, flags: ConnectionFlags, work: (session: Session) => Promise<T>): Promise<T> {
  const access = accessFor(context, flags);
  const requestTimeoutMs = requestTimeout(flags.requestTimeout);
  for (const warning of access.warnings) context.out.note(warning);
  const server = await withCredential(context, access);
  const client = createApiClient({ ...server, userAgent: 'kdr' }, { requestTimeoutMs });
  try {
    return await work({ client, namespace: flags.namespace ?? access.namespace, server: server.server });
  } finally {
    await client.close();
  }
}

/** A token of a credential plugin is renewed while we run; a client certificate is the one of the start. */
async function withCredential(context: CliContext, { server, plugin }: Access): Promise<ApiServerConfig> {
  if (plugin === undefined || server.token !== undefined || server.tokenFile !== undefined) return server;
  const credentials = createExecCredentials(plugin, {
    env: context.config.env,
    terminal: context.stdin.isTTY === true,
    signal: context.signal,
  });
  const first = await credentials(false);
  const certificate = first.certificate ?? {};
  return { ...server, ...certificate, token: async (rejected) => (await credentials(rejected)).token };
}

/** The longest timer that Node has: 24 days. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Milliseconds; a bare number means seconds, as with kubectl. */
function requestTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : parseDuration(text);
  if (!Number.isFinite(seconds)) throw new KdrError('KDR_CLI_USAGE', `--request-timeout ${text} is too long`);
  return seconds === 0 ? FOR_EVER_MS : Math.min(seconds * 1000, FOR_EVER_MS);
}
