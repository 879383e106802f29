/** How a program is called: what `--help` prints. */
export interface ProgramHelp {
  /** One line: what it does. */
  about: string;
  /** The command line. */
  usage: string;
  /** Flags and variables, and what each says. */
  settings: Readonly<Record<string, string>>;
}

/** A program, as whoever starts it meets it. */
export interface ProgramOptions {
  name: string;
  version: string;
  help: ProgramHelp;
  /** The command line without Node and the file. */
  argv: readonly string[];
  /** Prints the stack under the line of an error. */
  debug?: boolean;
  /** What to do about an error that does not say so itself. */
  advice: string;
  /** Where `--help` and errors go: standard output and standard error when left out. */
  print?: (text: string) => void;
  note?: (text: string) => void;
}

/** What an error may say beside its message. `misconfigured`: whoever started the program has to change a flag, a variable or a file. */
interface Explained extends Partial<Error> {
  code?: unknown;
  reason?: unknown;
  hint?: unknown;
  misconfigured?: unknown;
}

const LINE_LIMIT = 2048;

/**
 * Answers `--help` and `--version`, or runs `main`. An error of it becomes one line: what happened, its code, what to do; the stack only
 * where `debug` asks for it.
 * @returns the exit code: 0; 2 for an error with `misconfigured`, which no restart mends; 1 for any other. Never rejects.
 */
export async function runProgram(options: ProgramOptions, main: () => Promise<void>): Promise<number> {
  const { name, version, help, argv, print = console.log, note = console.error } = options;
  if (argv.some((word) => word === '--help' || word === '-h')) {
    print(helpText(name, help));
    return 0;
  }
  if (argv.includes('--version')) {
    print(`${name} ${version}`);
    return 0;
  }
  try {
    await main();
    return 0;
  } catch (error) {
    note(describe(name, error, options.advice));
    if (options.debug) note((error as Partial<Error>)?.stack ?? String(error));
    return (error as Explained | undefined)?.misconfigured === true ? 2 : 1;
  }
}

function describe(name: string, error: unknown, advice: string): string {
  const { message = String(error), code, reason, hint = advice } = (error ?? {}) as Explained;
  const word = code ?? reason;
  const text = `${name}: ${message.replace(/\.$/, '')}${word === undefined ? '' : ` (${String(word)})`}. ${String(hint)}`;
  return text.replace(/\s+/g, ' ').slice(0, LINE_LIMIT);
}

function helpText(name: string, { about, usage, settings }: ProgramHelp): string {
  const all = Object.entries({ ...settings, '-h, --help': 'prints this', '--version': 'prints the version' });
  const width = Math.max(...all.map(([setting]) => setting.length));
  return [`${name}: ${about}`, '', `Usage: ${usage}`, '', ...all.map(([setting, what]) => `  ${setting.padEnd(width)}  ${what}`)].join(
    '\n',
  );
}
