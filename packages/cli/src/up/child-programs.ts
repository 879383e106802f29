import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Logger, jitteredBackoff, sleep, systemClock } from '@kdr/controller-runtime';

/** A program that `kdr up` starts and keeps running. */
export interface ChildProgram {
  name: string;
  file: string;
  args: string[];
  /** Its whole environment. */
  env: Record<string, string | undefined>;
}

/** How long a child may take to end after TERM. */
const STOP_MS = 8_000;
/** Plugins allocate little at a time: V8's young generation need not grow to its 16 MiB (saves about 10 MiB). */
const SMALL_YOUNG_GENERATION = '--max-semi-space-size=1';

/**
 * Runs a Node program as a child until the signal aborts; started again with growing pauses when it ends. It is told
 * of our death by the end of its standard input, so that a kill -9 of `kdr up` leaves no child behind.
 */
export async function runChild(program: ChildProgram, logger: Logger, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    const startedAt = Date.now();
    const child = spawn(process.execPath, [...process.execArgv, SMALL_YOUNG_GENERATION, program.file, ...program.args], {
      // Their log goes where ours goes; standard output is for people.
      stdio: ['pipe', 2, 2],
      env: { ...program.env, KDR_PARENT_PIPE: '1' },
    });
    child.stdin?.on('error', () => undefined);
    const ended = once(child, 'exit').catch((error: unknown) => [error]);
    const stop = () => void endChild(child, ended);
    signal.addEventListener('abort', stop, { once: true });
    const [code, name] = (await ended) as [unknown, unknown];
    signal.removeEventListener('abort', stop);
    if (signal.aborted) return;
    if (Date.now() - startedAt > 60_000) failures = 0;
    const pause = jitteredBackoff(failures + 1, { baseMs: 250, maxMs: 30_000 }, Math.random);
    logger.error(
      { program: program.name, pid: child.pid, code, signal: name, againInMs: Math.round(pause) },
      'a program ended and is started again',
    );
    await sleep(systemClock, pause, signal);
  }
}

async function endChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(hard);
}
