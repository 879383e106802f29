/** Where a command writes: tests give their own. */
export interface Output {
  /** One line (or several) to standard output. */
  print(text: string): void;
  /** To standard error: progress and warnings. */
  note(text: string): void;
  /** Whether colours may be used. */
  color: boolean;
  /** Columns of the terminal. */
  width: number;
}

/** The process' own streams. */
export function standardOutput(env: Record<string, string | undefined>): Output {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    color: process.stdout.isTTY && env.NO_COLOR === undefined,
    width: process.stdout.columns ?? 120,
  };
}
