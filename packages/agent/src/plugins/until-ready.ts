import { sleep } from '@kdr/controller-runtime';
import type { Clock } from '@kdr/controller-runtime';
import type { Work } from '../abnormal/work.ts';
import type { RegisteredPlugin } from './registered-plugin.ts';

const LOOK_AGAIN_MS = 100;

/**
 * Lets a plugin come back that was ready a moment ago: its container restarts. Ends at once where it is ready, has been away for longer than
 * `readyGraceMs`, or the agent stops; whoever asks looks at its readiness then. It is no work: deadlines of stages do not run meanwhile.
 */
export async function untilReady(work: Work, plugin: RegisteredPlugin | undefined, clock: Clock): Promise<void> {
  const isAwaited = (): boolean => plugin !== undefined && plugin.readiness.patienceMs > 0 && !work.signal.aborted;
  if (!isAwaited()) return;
  await work.pause(async () => {
    while (isAwaited()) await sleep(clock, LOOK_AGAIN_MS, work.signal);
  });
}
