import { hasExited, type ProcStat } from './proc-stat.ts';
import type { Procfs } from './procfs.ts';

/** Every process at one moment, as a tree. The kernel gives no atomic view: what changed while it was taken may be missing. */
export interface ProcessTree {
  readonly processes: ReadonlyMap<number, ProcStat>;
  /** Direct children, zombies too. */
  childrenOf(pid: number): readonly ProcStat[];
  /** Parent first, up to the root of the pid namespace. */
  ancestorsOf(pid: number): ProcStat[];
  /** All below, breadth first. */
  descendantsOf(pid: number): ProcStat[];
  /** Zombies by the pid of the parent that has to reap them. */
  zombiesByParent(): Map<number, ProcStat[]>;
}

/** Takes a snapshot of the process tree: one `stat` per process. Processes that vanish meanwhile are left out. */
export function processTree(procfs: Pick<Procfs, 'pids' | 'stat'>): ProcessTree {
  const processes = new Map<number, ProcStat>();
  for (const pid of procfs.pids()) {
    const stat = procfs.stat(pid);
    if (stat) processes.set(pid, stat);
  }
  const children = groupByParent([...processes.values()]);
  const childrenOf = (pid: number): readonly ProcStat[] => children.get(pid) ?? [];

  return {
    processes,
    childrenOf,
    ancestorsOf: (pid) => {
      const ancestors: ProcStat[] = [];
      // A pid reused while the snapshot was taken can close a circle: none is visited twice.
      const seen = new Set([pid]);
      let next = processes.get(processes.get(pid)?.ppid ?? 0);
      while (next && !seen.has(next.pid)) {
        seen.add(next.pid);
        ancestors.push(next);
        next = processes.get(next.ppid);
      }
      return ancestors;
    },
    descendantsOf: (pid) => {
      const descendants: ProcStat[] = [];
      const seen = new Set([pid]);
      const queue = [pid];
      for (const parent of queue) {
        for (const child of childrenOf(parent)) {
          if (seen.has(child.pid)) continue;
          seen.add(child.pid);
          descendants.push(child);
          queue.push(child.pid);
        }
      }
      return descendants;
    },
    zombiesByParent: () => groupByParent([...processes.values()].filter(hasExited)),
  };
}

function groupByParent(stats: readonly ProcStat[]): Map<number, ProcStat[]> {
  const groups = new Map<number, ProcStat[]>();
  for (const stat of stats) {
    const group = groups.get(stat.ppid);
    if (group) group.push(stat);
    else groups.set(stat.ppid, [stat]);
  }
  return groups;
}
