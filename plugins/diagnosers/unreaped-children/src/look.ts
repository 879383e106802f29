import { type ProcStat, type Procfs, cpuSeconds, hasExited, processTree } from '@kdr/linux';

/** A parent and its unreaped children at one moment. */
export interface Look {
  /** Absent: the parent is gone. */
  parent?: ProcStat;
  /** Direct children that have ended and were not reaped. */
  zombies: readonly ProcStat[];
  /** Kernel functions in which the parent's threads sleep. */
  waitsIn: readonly string[];
  cpuSeconds: number;
}

/** Looks once. Needs no privilege: /proc/PID/stat is readable by everybody. */
export function lookAt(procfs: Procfs, pid: number): Look {
  const tree = processTree(procfs);
  const parent = tree.processes.get(pid);
  const waitsIn = (procfs.threads(pid) ?? []).flatMap(({ wchan }) => wchan ?? []);
  return {
    parent,
    zombies: tree.childrenOf(pid).filter(hasExited),
    waitsIn: [...new Set(waitsIn)],
    cpuSeconds: parent ? cpuSeconds(parent) : 0,
  };
}
