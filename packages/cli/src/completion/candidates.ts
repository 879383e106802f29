import { CATEGORY, KINDS, type KindDefinition } from '@kdr/api-types';
import type { Command, Option } from 'commander';
import { findKind } from '../kind-names.ts';

/** What may stand where the cursor is: words, or the names of objects of a kind, which only a server knows. */
export interface Candidates {
  words: string[];
  namesOf?: KindDefinition;
  /** Connection flags of the line so far, as they were typed. */
  flags: Record<string, string>;
}

/** Commands whose arguments are names of a kind. */
const NAMED: Record<string, string> = { explain: 'abnormals', approve: 'abnormals', deny: 'abnormals', release: 'recoveryholds' };

/** Completes the last of the words (it may be empty); the words before it are taken as the command table reads them. */
export function candidates(program: Command, line: readonly string[]): Candidates {
  const last = line.at(-1) ?? '';
  const { command, args, flags, pending } = walk(program, line.slice(0, -1));
  const start = (words: readonly string[]) => ({ words: words.filter((word) => word.startsWith(last)).sort(), flags });
  if (pending !== undefined) return start(pending.argChoices ?? []);
  if (last.startsWith('-')) return start(command.options.flatMap((option) => option.long ?? []));
  const inner = command.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
  if (inner.length > 0 && args.length === 0) return start(inner);
  if (command.name() === 'get' && args.length === 0) {
    const done = last.slice(0, last.lastIndexOf(',') + 1);
    return start([CATEGORY, ...KINDS.flatMap((kind) => [kind.plural, ...kind.shortNames])].map((word) => done + word));
  }
  const kind = command.name() === 'get' ? args[0] : NAMED[command.name()];
  return kind === undefined ? start([]) : { words: [], namesOf: kindOf(kind), flags };
}

function kindOf(word: string): KindDefinition | undefined {
  try {
    return findKind(word);
  } catch {
    return undefined;
  }
}

/** Follows the words into the command table; `pending` is a flag that still wants its value. */
function walk(program: Command, words: readonly string[]) {
  let command = program;
  let pending: Option | undefined;
  const args: string[] = [];
  const flags: Record<string, string> = {};
  for (const word of words) {
    if (pending !== undefined) {
      flags[pending.attributeName()] = word;
      pending = undefined;
    } else if (word.startsWith('-')) {
      const [name = '', value] = word.split(/=(.*)/s);
      const option = command.options.find((one) => one.long === name || one.short === name);
      if (value !== undefined && option !== undefined) flags[option.attributeName()] = value;
      else if (option?.required === true) pending = option;
    } else {
      const inner = args.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (inner === undefined) args.push(word);
      else command = inner;
    }
  }
  return { command, args, flags, pending };
}
