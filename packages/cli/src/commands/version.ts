import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { readKubeconfig } from '../kubeconfig.ts';
import { formatOption } from '../output/format.ts';
import { type CliContext, connectionFlags, withSession } from '../session.ts';

/** Version of this program. Found by the package's own name: the built file lies at another depth than this one. */
export function clientVersion(): string {
  return (createRequire(import.meta.url)('@kdr/cli/package.json') as { version: string }).version;
}

/** `kdr version`: this program's, and the API server's where one answers. */
export function registerVersion(program: Command, context: CliContext): void {
  connectionFlags(program.command('version').description('Version of kdr, and of the API server where one answers'))
    .addOption(formatOption(['json'], 'format'))
    .option('--client', 'do not ask the server')
    .action(async (flags: { output?: string; client?: boolean; kubeconfig?: string; context?: string }) => {
      const server = flags.client === true ? undefined : await ask(context, flags);
      if (flags.output === 'json')
        return context.out.print(JSON.stringify({ client: clientVersion(), node: process.version, server }, undefined, 2));
      context.out.print(`Client: ${clientVersion()} (Node ${process.version})${server === undefined ? '' : `\nServer: ${server}`}`);
    });
}

async function ask(context: CliContext, flags: { kubeconfig?: string; context?: string }): Promise<string | undefined> {
  try {
    readKubeconfig(flags.kubeconfig ?? context.config.kubeconfig, flags.context);
    return await withSession(
      context,
      flags,
      async ({ client }) =>
        ((await client.request('GET', '/version', undefined, { timeoutMs: 2_000 })) as { gitVersion: string }).gitVersion,
    );
  } catch {
    return undefined;
  }
}
