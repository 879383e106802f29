import { type Procfs, hasExited } from '@kdr/linux';
import type { ShimFacts } from './shim-facts.ts';

/**
 * What is seen of a shim without a signal. Never proof: the fixed shim shows all of it too for half a minute under a burst of execs, and a
 * deadlocked one need not have a single zombie (moby#37764).
 */
export function seenFromOutside(procfs: Procfs, { identity, tasks }: ShimFacts): string {
  const zombies = procfs.children(identity.pid).filter((pid) => {
    const stat = procfs.stat(pid);
    return stat !== undefined && hasExited(stat);
  });
  const functions = new Map<string, number>();
  for (const { stat, wchan } of procfs.threads(identity.pid) ?? []) {
    const name = wchan ?? `state ${stat.state}`;
    functions.set(name, (functions.get(name) ?? 0) + 1);
  }
  const threads = [...functions].map(([name, count]) => `${count} in ${name}`).join(', ');
  const inits = tasks.map(({ id, init }) => `${id.slice(0, 64)} ${init}`).join(', ');
  return `From outside: ${zombies.length} zombie children, threads ${threads || 'not visible'}; inits: ${inits || 'none known'}. That proves nothing by itself.`;
}
