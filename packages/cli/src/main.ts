import { readConfig } from './config.ts';
import { standardOutput } from './output/output.ts';
import { run } from './run.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
// A reader that has seen enough (`kdr get abn | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  config: readConfig(process.env),
  out: standardOutput(process.env),
  signal: stop.signal,
  stdin: process.stdin,
});
