import { execa } from 'execa';
import { type LogReader, MAX_LOG_BYTES } from './log-reader.ts';

const ATTACH_MS = 3000;
const DETACH_MS = 2000;
/** Should this process be killed meanwhile, timeout(1) still ends the tracing. */
const LONGEST_SECONDS = 20;
const PAUSE_MS = 20;
/** Longer than any dump; strace cuts strings at 32 bytes by default. */
const STRING_BYTES = 4 * 1024 * 1024;

/** Attached, or why not. */
export type Traced = { reader: LogReader } | { refused: string };

/**
 * Reads what a process writes by tracing it: for dumps that go to /dev/null or to a terminal (containerd#13814 recommends it). Tracing slows the
 * process down, so it is left again as soon as the dump is there; strace detaches when it is told to end.
 */
export async function straceReader(pid: number, signal: AbortSignal): Promise<Traced> {
  const bound = ['--kill-after=2', String(LONGEST_SECONDS), 'strace'];
  const args = [...bound, '-f', '-y', '-e', 'trace=write', '-e', 'signal=none', '-s', String(STRING_BYTES), '-p', String(pid)];
  const strace = execa('timeout', args, {
    ...{ stdin: 'ignore', stdout: 'ignore', buffer: false, reject: false, cleanup: true },
    ...{ cancelSignal: signal, forceKillAfterDelay: DETACH_MS },
  });
  const parts: Buffer[] = [];
  let bytes = 0;
  strace.stderr.on('data', (part: Buffer) => {
    if (bytes < MAX_LOG_BYTES) parts.push(part);
    bytes += part.length;
  });
  let ended = false;
  const end = strace.then((result) => {
    ended = true;
    return result;
  });
  const text = () => Buffer.concat(parts).toString('utf8');
  const close = async () => {
    strace.kill('SIGTERM');
    await end;
  };
  for (let waited = 0; !/ attached\b/.test(text()); waited += PAUSE_MS) {
    if (ended) return { refused: whyEnded(await end, text()) };
    if (waited >= ATTACH_MS) {
      await close();
      return { refused: `strace did not attach within ${ATTACH_MS / 1000} s` };
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { reader: { where: `what shim ${pid} writes (strace)`, exclusive: true, read: () => Promise.resolve(text()), close } };
}

function whyEnded(result: { code?: string; exitCode?: number }, said: string): string {
  // timeout(1): 127 when the command was not found.
  if (result.code === 'ENOENT' || result.exitCode === 127) return 'strace is not installed';
  return `strace could not attach: ${said.trim().slice(0, 200)}`;
}
