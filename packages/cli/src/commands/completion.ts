import type { Command } from 'commander';
import type { CliContext } from '../session.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** What a person types: not what other programs call. */
const shown = (command: Command) => command.commands.filter((one) => !one.name().startsWith('__'));

/** Commands and their flags, flat: `plugins add`. */
function commandLines(program: Command, prefix = ''): { line: string; words: string[]; description: string }[] {
  return shown(program).flatMap((command) => {
    const line = `${prefix}${command.name()}`;
    const words = [...command.commands.map((one) => one.name()), ...command.options.flatMap((option) => option.long ?? [])];
    return [{ line, words, description: command.description() }, ...commandLines(command, `${line} `)];
  });
}

/** A completion script made from the command table itself, so that it can't lag behind. */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const lines = commandLines(program);
  const top = shown(program)
    .map((one) => one.name())
    .join(' ');
  if (shell === 'fish') {
    return lines
      .filter(({ line }) => !line.includes(' '))
      .map(({ line, description }) => `complete -c kdr -f -n __fish_use_subcommand -a ${line} -d '${description.replaceAll("'", "\\'")}'`)
      .concat(
        lines.map(
          ({ line, words }) => `complete -c kdr -f -n '__fish_seen_subcommand_from ${line.split(' ').at(-1)}' -a '${words.join(' ')}'`,
        ),
      )
      .join('\n');
  }
  const cases = lines.map(({ line, words }) => `    '${line}') words='${words.join(' ')}' ;;`).reverse();
  return [
    ...(shell === 'zsh' ? ['#compdef kdr', 'autoload -U +X bashcompinit && bashcompinit'] : []),
    '_kdr() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}" path="" word words',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ "$word" == -* ]] || path="${path:+$path }$word"; done',
    '  while :; do case "$path" in',
    ...cases,
    `    '') words='${top}' ;;`,
    '    *) path="${path% *}"; [[ "$path" == *" "* || -n "$path" ]] && [[ "$path" != "$last" ]] && { last="$path"; continue; } ;;',
    '  esac; break; done',
    '  COMPREPLY=( $(compgen -W "$words" -- "$cur") )',
    '}',
    'complete -F _kdr kdr',
  ].join('\n');
}

/** `kdr completion bash|zsh|fish`. */
export function registerCompletion(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('Print a completion script: source <(kdr completion bash)')
    .argument('<shell>', SHELLS.join(', '))
    .action((shell: string) => {
      const known = SHELLS.find((one) => one === shell);
      if (known === undefined) program.error(`there is no completion for "${shell}": ${SHELLS.join(', ')}`);
      else context.out.print(completionScript(program, known));
    });
}
