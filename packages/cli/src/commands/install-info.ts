import type { Command } from 'commander';
import { stringify } from 'yaml';
import { createFreshnessJudge } from '../check/freshness.ts';
import { createReader } from '../check/reader.ts';
import { installInfo } from '../install-info/install-info.ts';
import { formatOption } from '../output/format.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';
import { clientVersion } from './version.ts';

interface InfoFlags extends ConnectionFlags {
  output?: string;
  full?: boolean;
  kdrNamespace: string;
  webhookName: string;
}

/** `kdr install-info`: what a bug report needs, and nothing that strangers should not see. */
export function registerInstallInfo(program: Command, context: CliContext): void {
  const { config, out } = context;
  connectionFlags(
    program.command('install-info').description('What a bug report needs: versions, components, plugins, checks, last failures'),
  )
    .addOption(formatOption(['yaml', 'json'], 'format').default('yaml'))
    .option('--full', 'names of Abnormals and what they are about, too: not for strangers')
    .option('--kdr-namespace <namespace>', 'where KDR runs', config.kdrNamespace)
    .option('--webhook-name <name>', 'name of the ValidatingWebhookConfiguration', config.webhookName)
    .action((flags: InfoFlags) =>
      withSession(context, flags, async ({ client, server }) => {
        const info = await installInfo({
          ...{ reader: createReader(client), server, now: Date.now, leases: createFreshnessJudge(Date.now, () => performance.now()) },
          ...{ namespace: flags.kdrNamespace, webhookName: flags.webhookName, client: clientVersion(), full: flags.full === true },
        });
        out.print(flags.output === 'json' ? JSON.stringify(info, undefined, 2) : stringify(info).trimEnd());
      }),
    );
}
