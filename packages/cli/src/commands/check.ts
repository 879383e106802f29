import type { Command } from 'commander';
import { stringify } from 'yaml';
import { createFreshnessJudge } from '../check/freshness.ts';
import { createReader } from '../check/reader.ts';
import { allFine, progress, report, verdict } from '../check/report.ts';
import { runChecks } from '../check/run-checks.ts';
import { lookUntilFine } from '../check/wait.ts';
import { parseDuration } from '../duration.ts';
import { formatOption } from '../output/format.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';

interface CheckFlags extends ConnectionFlags {
  wait?: string | true;
  output?: string;
  kdrNamespace: string;
  webhookName: string;
}

/** Exit code of a command that was ended by Ctrl-C (128 + SIGINT). */
const INTERRUPTED = 130;

/** `kdr check`: is KDR ready on this cluster, and if not, what is missing and what to do next? */
export function registerCheck(program: Command, context: CliContext): void {
  const { config, out } = context;
  connectionFlags(
    program.command('check').description('Is KDR ready? Looks at server, kinds, policies, webhook, master, agents and plugins'),
  )
    .option('--wait [duration]', 'look again until it is, at most so long (5m)')
    .addOption(formatOption(['text', 'json', 'yaml'], 'format'))
    .option('--kdr-namespace <namespace>', 'where KDR runs', config.kdrNamespace)
    .option('--webhook-name <name>', 'name of the ValidatingWebhookConfiguration', config.webhookName)
    .action((flags: CheckFlags) =>
      withSession(context, flags, async ({ client, server }) => {
        const waitMs = flags.wait === undefined ? 0 : parseDuration(flags.wait === true ? '5m' : flags.wait) * 1000;
        const leases = createFreshnessJudge(Date.now, () => performance.now());
        const installation = {
          ...{ reader: createReader(client), server, leases, now: Date.now },
          ...{ namespace: flags.kdrNamespace, webhookName: flags.webhookName },
        };
        const checks = await lookUntilFine(() => runChecks(installation), leases, {
          waitMs,
          signal: context.signal,
          onChange: (changed) => changed.forEach((one) => out.note(progress(one))),
        });
        if (checks === undefined) {
          process.exitCode = INTERRUPTED;
          return;
        }
        const ready = allFine(checks);
        const whole = { ready, server, namespace: flags.kdrNamespace, checks };
        if (flags.output === 'json') out.print(JSON.stringify(whole, undefined, 2));
        else if (flags.output === 'yaml') out.print(stringify(whole).trimEnd());
        else out.print(`${report(checks, out.color)}\n\n${verdict(checks)}`);
        if (!ready) process.exitCode = 1;
      }),
    );
}
