import { type ProcStat, hasExited } from '@kdr/linux';

/** Zombies that one parent has not reaped for a while. */
export interface UnreapedGroup {
  parent: ProcStat;
  /** Their pids, those that have waited longest first. */
  pids: number[];
  /** How long the oldest has been seen waiting. */
  oldestMs: number;
}

/** Remembers when each zombie was first seen: the kernel does not say when a process died. */
export interface ZombieWatch {
  /** Takes one look at all processes, and gives the groups of which at least one zombie has waited that long. */
  look(processes: ReadonlyMap<number, ProcStat>, now: number): UnreapedGroup[];
}

/**
 * A zombie lives for microseconds where its parent reaps. pid 1 and kernel threads are left out as parents: nobody may act on them, and an
 * init that does not reap is another fault.
 */
export function createZombieWatch(thresholdMs: number): ZombieWatch {
  let firstSeen = new Map<string, number>();
  return {
    look: (processes, now) => {
      const zombies = [...processes.values()].filter((stat) => hasExited(stat) && stat.ppid > 1);
      const seen = new Map(zombies.map((stat) => [key(stat), firstSeen.get(key(stat)) ?? now]));
      firstSeen = seen;
      const groups = new Map<number, ProcStat[]>();
      for (const stat of zombies) groups.set(stat.ppid, [...(groups.get(stat.ppid) ?? []), stat]);
      return [...groups].flatMap(([ppid, children]) => {
        const parent = processes.get(ppid);
        const oldestMs = now - Math.min(...children.map((stat) => seen.get(key(stat)) ?? now));
        if (parent === undefined || hasExited(parent) || oldestMs < thresholdMs) return [];
        const byAge = children.sort((a, b) => (seen.get(key(a)) ?? now) - (seen.get(key(b)) ?? now) || a.pid - b.pid);
        return [{ parent, pids: byAge.map((stat) => stat.pid), oldestMs }];
      });
    },
  };
}

const key = (stat: ProcStat) => `${stat.pid}/${stat.startTicks}`;
