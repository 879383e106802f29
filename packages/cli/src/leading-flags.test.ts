import { expect, it } from 'vitest';
import { behindCommand } from './leading-flags.ts';
import { createProgram } from './program.ts';
import type { CliContext } from './session.ts';

const program = createProgram({
  config: { stateDirectory: '' },
  out: { print: () => undefined, note: () => undefined },
} as unknown as CliContext);

it.each([
  ['-n shop get abnormals', 'get -n shop abnormals'],
  ['-nshop get abnormals', 'get -nshop abnormals'],
  ['--context=c --as jane check', 'check --context=c --as jane'],
  ['--insecure-skip-tls-verify plugins list -o json', 'plugins list --insecure-skip-tls-verify -o json'],
  ['-n a get -n b abnormals', 'get -n a -n b abnormals'],
  ['get abnormals -n shop', 'get abnormals -n shop'],
  ['--bogus get abnormals', '--bogus get abnormals'],
  ['-n shop', '-n shop'],
  ['-n shop bogus', '-n shop bogus'],
  ['--help', '--help'],
  ['__complete -n', '__complete -n'],
])('kdr %s is read as kdr %s', (line, read) => {
  expect(behindCommand(line.split(' '), program).join(' ')).toBe(read);
});
