import { Command } from 'commander';
import { connectionFlags } from './session.ts';

/**
 * A command line whose connection flags stand before the command, as kubectl takes them (`kdr -n shop get abnormals`), in the order that the command
 * reads: right behind its words, so that a flag that is said again wins. Anything else stays where it is, and is refused there.
 */
export function behindCommand(argv: readonly string[], program: Command): string[] {
  const count = leadingWords(argv);
  const [flags, rest] = [argv.slice(0, count), argv.slice(count)];
  let command: Command | undefined = program;
  let words = -1;
  for (; command !== undefined; words += 1) {
    const word = rest[words + 1];
    command = command.commands.find((one) => word !== undefined && (one.name() === word || one.aliases().includes(word)));
  }
  return words === 0 ? [...argv] : [...rest.slice(0, words), ...flags, ...rest.slice(words)];
}

/** How many words the connection flags at the front take, with their values. */
function leadingWords(argv: readonly string[]): number {
  const { options } = connectionFlags(new Command());
  let at = 0;
  for (let word = argv[at]; word?.startsWith('-'); word = argv[at]) {
    const [name = ''] = word.split('=');
    const whole = options.find(({ short, long }) => name === short || name === long);
    // `-nshop`
    const attached = options.find(
      ({ short, required }) => short !== undefined && required && /^-[a-z]./.test(word ?? '') && word?.startsWith(short),
    );
    if (whole === undefined && attached === undefined) break;
    at += whole?.required && name === word ? 2 : 1;
  }
  return at;
}
