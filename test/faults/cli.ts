import { parseArgs } from 'node:util';
import { COMMANDS, type CommandInput } from './cli-commands.ts';
import { FaultError } from './fault-error.ts';

/** Makes one fault by hand, prints its pids and keeps it until Ctrl-C. See README.md. */
async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      api: { type: 'string', default: 'runc-v1' },
      go: { type: 'string' },
      kind: { type: 'string' },
      children: { type: 'string', default: '3' },
      'end-init': { type: 'boolean', default: false },
    },
  });
  const [name = '', operand] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(usage());
    return 2;
  }
  const undos: (() => Promise<void>)[] = [];
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'));
  });
  const input: CommandInput = {
    operand,
    api: oneOf('--api', values.api, ['runc-v1', 'v1'] as const),
    go: values.go === undefined ? undefined : oneOf('--go', values.go, ['1.13.15'] as const),
    kind: values.kind,
    children: Number(values.children),
    endInit: values['end-init'],
    onProgress: (text) => void process.stderr.write(`${text}\n`),
    atEnd: (undo) => void undos.unshift(undo),
  };
  try {
    const made = await Promise.race([command.run(input), interrupted]);
    if (made === 'interrupted') return 130;
    process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
    if (!command.stays) return 0;
    process.stderr.write('Ctrl-C ends it and cleans up.\n');
    // A pending promise alone keeps no Node process alive.
    const alive = setInterval(() => undefined, 1 << 30);
    await interrupted;
    clearInterval(alive);
    return 0;
  } finally {
    for (const undo of undos) await undo();
  }
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `${option} ${value}: choose ${known.join(' or ')}.`);
  return found;
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { help }]) => `  ${name.padEnd(13)} ${help}`);
  return ['Usage: node --conditions=kdr-source test/faults/cli.ts COMMAND', ...lines, ''].join('\n');
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const text = error instanceof FaultError ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  },
);
