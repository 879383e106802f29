import { type ApiClient, createApiClient } from '@kdr/controller-runtime';
import type { Command } from 'commander';
import type { CliConfig } from './config.ts';
import { readKubeconfig } from './kubeconfig.ts';
import type { Output } from './output/output.ts';

/** What every command is given. */
export interface CliContext {
  config: CliConfig;
  out: Output;
  /** Aborts on Ctrl-C and TERM. */
  signal: AbortSignal;
  stdin: NodeJS.ReadableStream;
}

/** An open connection to the API server that the flags name. */
export interface Session {
  client: ApiClient;
  namespace: string;
}

/** What `connectionFlags` gives. */
export interface ConnectionFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
}

/** kubectl's own flags for finding the server. */
export function connectionFlags(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <namespace>', 'namespace');
}

/** Runs something with a connection, and closes it whatever happens. */
export async function withSession<T>(context: CliContext, flags: ConnectionFlags, work: (session: Session) => Promise<T>): Promise<T> {
  const access = readKubeconfig(flags.kubeconfig ?? context.config.kubeconfig, flags.context);
  const client = createApiClient({ ...access.server, userAgent: 'kdr' });
  try {
    return await work({ client, namespace: flags.namespace ?? access.namespace });
  } finally {
    await client.close();
  }
}
