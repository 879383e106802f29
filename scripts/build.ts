// Builds every package by turbo, and says how far it is: the first time takes a minute.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const turbo = spawn(join(import.meta.dirname, '..', 'node_modules', '.bin', 'turbo'), ['run', 'build', '--output-logs=hash-only'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', FORCE_COLOR: '0' },
});
const ended = once(turbo, 'exit');
const lines: string[] = [];
let packages = 0;
let begun = 0;
let compiling = false;

const onLine = (line: string) => {
  lines.push(line);
  packages = Number(/Running build in (\d+) packages/.exec(line)?.[1] ?? packages);
  const name = /^(\S+):build: cache (hit|miss)/.exec(line);
  if (name === null) return;
  begun += 1;
  // Nothing to say of what is built already.
  compiling ||= name[2] === 'miss';
  if (!compiling) return;
  const text = `Building ${begun} of ${packages}: ${name[1]}`;
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
  else if (begun % 5 === 0) console.log(text);
};
createInterface(turbo.stdout).on('line', onLine);
createInterface(turbo.stderr).on('line', onLine);

const [code] = (await ended) as [number | null];
if (process.stdout.isTTY && compiling) process.stdout.write('\r\u001b[K');
if (code !== 0) console.error(lines.join('\n'));
process.exitCode = code ?? 1;
