import { type KdrObject, resourceOf } from '@kdr/api-types';
import type { Command } from 'commander';
import { type Candidates, candidates } from '../completion/candidates.ts';
import { type CliContext, withSession } from '../session.ts';

/** A person waits behind the tab key. */
const PATIENCE_MS = 1_500;
const MOST_NAMES = 500;
/** Cobra's ShellCompDirectiveNoFileComp, the last line of what kubectl's completion reads. */
const NO_FILES = ':4';

/** `kdr __complete WORD…`: for kubectl's completion (`kubectl_complete-kdr`); one candidate per line, then a directive. */
export function registerDynamicCompletion(program: Command, context: CliContext): void {
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (words: string[]) => {
      const found = candidates(program, words);
      const names = await namesOf(context, found);
      const last = words.at(-1) ?? '';
      context.out.print([...found.words, ...names.filter((name) => name.startsWith(last)), NO_FILES].join('\n'));
    });
}

/** Names of objects; none where no server answers in time: a completion never complains. */
async function namesOf(context: CliContext, { namesOf: kind, flags }: Candidates): Promise<string[]> {
  if (kind === undefined) return [];
  const quiet = { ...context, out: { ...context.out, note: () => undefined } };
  try {
    return await withSession(quiet, { ...flags, requestTimeout: undefined }, async ({ client, namespace }) => {
      const where = kind.scope === 'Namespaced' ? namespace : undefined;
      const list = await client.list<KdrObject<unknown, unknown>>(resourceOf(kind), {
        namespace: where,
        limit: MOST_NAMES,
        timeoutMs: PATIENCE_MS,
      });
      return list.items.map((item) => item.metadata.name);
    });
  } catch {
    return [];
  }
}
