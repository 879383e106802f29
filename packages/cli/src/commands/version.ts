import type { Command } from 'commander';
import { formatOption } from '../output/format.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';
import manifest from '../../package.json' with { type: 'json' };

/** Version of this program. */
export function clientVersion(): string {
  return manifest.version;
}

/** `kdr version`: this program's, and the API server's where one answers. */
export function registerVersion(program: Command, context: CliContext): void {
  connectionFlags(program.command('version').description('Version of kdr, and of the API server where one answers'))
    .addOption(formatOption(['json'], 'format'))
    .option('--client', 'do not ask the server')
    .action(async (flags: ConnectionFlags & { output?: string; client?: boolean }) => {
      const server = flags.client === true ? undefined : await ask(context, flags);
      if (flags.output === 'json')
        return context.out.print(JSON.stringify({ client: clientVersion(), node: process.version, server }, undefined, 2));
      context.out.print(`Client: ${clientVersion()} (Node ${process.version})${server === undefined ? '' : `\nServer: ${server}`}`);
    });
}

async function ask(context: CliContext, flags: ConnectionFlags): Promise<string | undefined> {
  try {
    const version = await withSession(context, flags, ({ client }) => client.request('GET', '/version', undefined, { timeoutMs: 2_000 }));
    return (version as { gitVersion: string }).gitVersion;
  } catch {
    return undefined;
  }
}
