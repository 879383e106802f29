import type { TargetIdentity } from '@kdr/plugin-sdk';
import type { Below } from './below-shim.ts';
import type { ShimFacts, Task } from './shim-facts.ts';

/** What else would end with the shim, or why it may not be killed. `running`: what has not ended, and how that is known of the first. */
export type BlastRadius = { tasks: readonly Task[]; running: readonly Task[]; whyRunning?: string } | { refused: string };

/**
 * safety.md 1.3 and 1.4. Pure: `below` was read now. Everything that the shim serves must belong to the target; nothing may be stuck in the
 * kernel. Whether those that have not ended may go, too, is for the caller to say.
 */
export function blastRadius(shim: ShimFacts, target: TargetIdentity, below: readonly Below[]): BlastRadius {
  const foreign = shim.tasks.find((task) => !belongs(task, target));
  if (foreign) return { refused: `the shim also serves container ${foreign.id}${of(foreign)}, which does not belong to the target` };
  const ids = new Set(shim.tasks.map(({ id }) => id));
  const stranger = below.find(({ alive, containerId }) => alive && containerId !== undefined && !ids.has(containerId));
  if (stranger)
    return { refused: `process ${stranger.pid} (${stranger.comm}) below the shim belongs to another container, ${stranger.containerId}` };
  const stuck = below.find((process) => process.stuck);
  if (stuck)
    return {
      refused: `process ${stuck.pid} (${stuck.comm}) below the shim is in uninterruptible sleep (state D): killing the shim would not help`,
    };
  if (shim.tasks.length === 0 && below.some(({ alive }) => alive))
    return { refused: 'it is not known which containers the shim serves, and processes run below it' };
  const running = shim.tasks.filter((task) => mayRun(task, below));
  const [first] = running;
  return {
    tasks: shim.tasks,
    running,
    ...(first && { whyRunning: `container ${first.id} is not known to have ended (${whyNot(first, below)})` }),
  };
}

function belongs(task: Task, { pod, container }: TargetIdentity): boolean {
  return pod === undefined ? task.id === container?.id : task.pod?.uid === pod.uid;
}

/** Ended is what was seen to have ended: an init that is there and dead, or none and nobody left in its cgroup. */
function mayRun(task: Task, below: readonly Below[]): boolean {
  const init = initOf(task, below);
  if (init) return init.alive;
  return task.init !== 'Gone' || below.some(({ alive, containerId }) => alive && containerId === task.id);
}

function initOf({ initIdentity }: Task, below: readonly Below[]): Below | undefined {
  return initIdentity && below.find(({ pid, startTicks }) => pid === initIdentity.pid && startTicks === initIdentity.startTicks);
}

function whyNot(task: Task, below: readonly Below[]): string {
  const init = initOf(task, below);
  if (init) return `its init ${init.pid} (${init.comm}) runs`;
  return task.init === 'Gone' ? 'its init is gone, but other processes of it run' : 'its init is not known';
}

function of({ pod }: Task): string {
  return pod === undefined ? '' : ` of pod ${pod.uid}`;
}
