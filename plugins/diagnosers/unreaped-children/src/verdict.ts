import type { ProcStat } from '@kdr/linux';
import type { Look } from './look.ts';

/** What two looks at a parent show. `CouldNotLook`: it is in a state in which it can't reap, whatever it is written to do. */
export type Verdict =
  | { says: 'DoesNotReap'; confidence: 'high' | 'medium'; zombies: readonly ProcStat[]; doing: 'Waits' | 'DoesNotWait' | 'Unseen' }
  | { says: 'Reaps' | 'CouldNotLook' | 'Gone'; reason: string };

const key = ({ pid, startTicks }: ProcStat) => `${pid}/${startTicks}`;

/** wait4(2), waitid(2): kernel/exit.c, do_wait. */
const WAITS = /^(?:do_wait|kernel_wait4|__do_wait|do_wait_pid)$/;

const STATES: Record<string, string> = {
  T: 'it is stopped by a signal (state T), so that it cannot reap',
  t: 'it is stopped by a tracer (state t), so that it cannot reap',
  D: 'it is in uninterruptible sleep (state D), so that it cannot reap',
  Z: 'it, or its main thread, has ended itself (state Z)',
  X: 'it is ending (state X)',
};

/** Judges a parent by two looks. Pure. */
export function judge(pid: number, startTicks: string, first: Look, second: Look): Verdict {
  const { parent } = second;
  if (parent === undefined || parent.startTicks !== startTicks) return { says: 'Gone', reason: `process ${pid} is gone` };
  const stuck = STATES[parent.state];
  if (stuck !== undefined) return { says: 'CouldNotLook', reason: `process ${pid} (${parent.comm}): ${stuck}` };
  if (first.zombies.length === 0) return { says: 'Reaps', reason: `process ${pid} (${parent.comm}) has no unreaped children` };
  const still = new Set(second.zombies.map(key));
  const reaped = first.zombies.filter((zombie) => !still.has(key(zombie)));
  if (reaped.length > 0) {
    return {
      says: 'Reaps',
      reason: `process ${pid} (${parent.comm}) reaps: ${reaped.length} of ${first.zombies.length} zombies were reaped between two looks`,
    };
  }
  const waits = [...first.waitsIn, ...second.waitsIn].some((name) => WAITS.test(name));
  const doing = waits ? 'Waits' : first.unseen + second.unseen > 0 ? 'Unseen' : 'DoesNotWait';
  return { says: 'DoesNotReap', confidence: doing === 'DoesNotWait' ? 'high' : 'medium', zombies: first.zombies, doing };
}
