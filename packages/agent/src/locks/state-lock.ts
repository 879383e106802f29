import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, systemClock } from '@kdr/controller-runtime';
import type { Logger } from '@kdr/controller-runtime';
import { fileLock, fileLockHolder } from '@kdr/linux';
import type { FileLock } from '@kdr/linux';
import { KdrError } from '@kdr/api-types';

const RETRY_MS = 500;

/**
 * Waits for the kernel lock on a state directory: only its holder writes an intent, acts or probes. A predecessor that is being replaced
 * (rolling update) is waited for; that somebody holds it is logged once, as KDR_STATE_LOCKED.
 *
 * @returns undefined if the signal aborts first.
 */
export async function awaitStateLock(stateDirectory: string, signal: AbortSignal, logger: Logger): Promise<FileLock | undefined> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const path = join(stateDirectory, 'agent.lock');
  let told = false;
  while (!signal.aborted) {
    const lock = fileLock(path);
    if (lock) return lock;
    if (!told) {
      const err = new KdrError('KDR_STATE_LOCKED', `process ${fileLockHolder(path) ?? '?'} holds ${path}`);
      logger.warn({ err, code: err.code, hint: err.hint }, 'waiting for the other agent on this state directory to end');
    }
    told = true;
    await sleep(systemClock, RETRY_MS, signal);
  }
  return undefined;
}
