import { API_VERSION, type HoldScope, KdrError, RESOURCES, type RecoveryHold } from '@kdr/api-types';
import type { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import { type CliContext, type ConnectionFlags, connectionFlags, withSession } from '../session.ts';
import { whoAmI } from './approve.ts';

/**
 * What `kdr hold …` means: `all`, `node NAME`, `namespace NAME` or `KIND/NAME` (an object, of the namespace given by -n).
 * @throws KdrError KDR_CLI_USAGE
 */
export function parseScope(words: readonly string[], namespace: string): HoldScope {
  const [first = '', second] = words;
  if (first === 'all' && words.length === 1) return { all: true };
  if (first === 'node' && second !== undefined && words.length === 2) return { node: second };
  if ((first === 'namespace' || first === 'ns') && second !== undefined && words.length === 2) return { namespace: second };
  const [kind = '', name = ''] = first.split('/');
  const known: Record<string, string> = { abnormal: 'Abnormal', abn: 'Abnormal', pod: 'Pod', po: 'Pod', node: 'Node' };
  const proper = known[kind.toLowerCase()] ?? kind;
  if (words.length !== 1 || name === '' || !/^[A-Z]/.test(proper)) {
    throw new KdrError(
      'KDR_CLI_USAGE',
      `"${words.join(' ')}" is no scope: all | node NAME | namespace NAME | pod/NAME | abnormal/NAME | Kind/NAME`,
    );
  }
  return { object: { kind: proper, name, ...(proper === 'Node' ? {} : { namespace }) } };
}

/** `kdr hold SCOPE`, `kdr release NAME`: the stop button, with owner and expiry. */
export function registerHold(program: Command, context: CliContext): void {
  connectionFlags(
    program
      .command('hold')
      .description('Stop every repair in a scope: kdr hold all | node NAME | namespace NAME | pod/NAME')
      .argument('<scope...>', 'what is held'),
  )
    .requiredOption('--reason <text>', 'why')
    .option('--for <duration>', 'ends by itself: 30m, 4h, 7d')
    .option('--name <name>', 'name of the hold')
    .action((words: string[], flags: ConnectionFlags & { reason: string; for?: string; name?: string }) =>
      withSession(context, flags, async ({ client, namespace }) => {
        const owner = await whoAmI(client);
        const expiresAt = flags.for === undefined ? undefined : new Date(Date.now() + parseDuration(flags.for) * 1000).toISOString();
        const metadata = flags.name === undefined ? { generateName: 'hold-' } : { name: flags.name };
        const hold = {
          apiVersion: API_VERSION,
          kind: 'RecoveryHold',
          metadata,
          spec: { scope: parseScope(words, namespace), owner, reason: flags.reason, expiresAt },
        };
        const made = await client.create<RecoveryHold>(RESOURCES.RecoveryHold, hold as RecoveryHold);
        context.out.print(
          `recoveryhold.kdr.dev/${made.metadata.name} created: nothing in ${words.join(' ')} is repaired ${expiresAt === undefined ? `until \`kdr release ${made.metadata.name}\`` : `until ${expiresAt}`}`,
        );
      }),
    );
  connectionFlags(program.command('release').description('End a hold').argument('<names...>', 'holds')).action(
    (names: string[], flags: object) =>
      withSession(context, flags, async ({ client }) => {
        for (const name of names) {
          await client.delete(RESOURCES.RecoveryHold, { name });
          context.out.print(`recoveryhold.kdr.dev/${name} released`);
        }
      }),
  );
  connectionFlags(program.command('holds').description('List the holds')).action((flags: object) =>
    withSession(context, flags, async ({ client }) => {
      const { items } = await client.list<RecoveryHold>(RESOURCES.RecoveryHold);
      if (items.length === 0) context.out.note('Nothing is held.');
      for (const { metadata, spec } of items) {
        const ends = spec.expiresAt === undefined ? 'until it is released' : `until ${spec.expiresAt}`;
        context.out.print(`${metadata.name}   ${JSON.stringify(spec.scope)}   ${spec.owner}, ${ends}: ${spec.reason}`);
      }
    }),
  );
}
