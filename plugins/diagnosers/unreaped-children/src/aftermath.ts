import { setTimeout as sleep } from 'node:timers/promises';
import { type Procfs, hasExited } from '@kdr/linux';

const WAIT_MS = 3000;
const PAUSE_MS = 100;

/** Those of the zombies that nobody has reaped 3 s after their parent has gone; usually none, and known at once. */
export async function leftBehind(procfs: Procfs, zombies: readonly number[], signal: AbortSignal): Promise<number[]> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    const left = zombies.filter((pid) => {
      const stat = procfs.stat(pid);
      return stat !== undefined && hasExited(stat);
    });
    if (left.length === 0 || waited >= WAIT_MS) return left;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
