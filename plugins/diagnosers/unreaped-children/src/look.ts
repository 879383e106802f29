import { type ProcStat, type Procfs, cpuSeconds, hasExited, processTree } from '@kdr/linux';

/** A parent and its unreaped children at one moment. */
export interface Look {
  /** Absent: the parent is gone. */
  parent?: ProcStat;
  /** Direct children that have ended and were not reaped. */
  zombies: readonly ProcStat[];
  /** Kernel functions in which the parent's threads sleep. */
  waitsIn: readonly string[];
  /** Threads that sleep in a function that the kernel does not show to this user. */
  unseen: number;
  cpuSeconds: number;
}

/** Looks once. Needs no privilege: /proc/PID/stat is readable by everybody. */
export function lookAt(procfs: Procfs, pid: number): Look {
  const tree = processTree(procfs);
  const parent = tree.processes.get(pid);
  const threads = procfs.threads(pid) ?? [];
  return {
    parent,
    zombies: tree.childrenOf(pid).filter(hasExited),
    waitsIn: [...new Set(threads.flatMap(({ wchan }) => wchan ?? []))],
    unseen: threads.filter(({ stat, wchan }) => stat.state === 'S' && wchan === undefined).length,
    cpuSeconds: parent ? cpuSeconds(parent) : 0,
  };
}
