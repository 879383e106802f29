import { type ProcStat, type Procfs, hasExited, processTree } from '@kdr/linux';

/** A process below the shim, as it is now. */
export interface Below {
  pid: number;
  comm: string;
  startTicks: string;
  /** It has threads that run: not a zombie, and not on its way out. */
  alive: boolean;
  /** Uninterruptible sleep: it can't be ended, and neither can what waits for it. */
  stuck: boolean;
  containerId?: string;
}

// include/linux/sched.h: PF_EXITING, "Getting shut down".
const PF_EXITING = 0x4;

/**
 * Whether a process still does something. A leader that called pthread_exit is shown as a zombie while its other threads work on; the init of a
 * pid namespace waits in state S, exiting, until the last process of its namespace has been reaped.
 */
export function isAlive(stat: Pick<ProcStat, 'state' | 'flags' | 'numThreads'>): boolean {
  return stat.numThreads > 1 || (!hasExited(stat) && (stat.flags & PF_EXITING) === 0);
}

/** Everything below a shim now, from /proc and from nothing else. */
export function lookBelow(procfs: Procfs, shim: number): Below[] {
  return processTree(procfs)
    .descendantsOf(shim)
    .map((stat) => {
      const containerId = procfs.container(stat.pid)?.containerId;
      return {
        ...{ pid: stat.pid, comm: stat.comm, startTicks: stat.startTicks, alive: isAlive(stat), stuck: stat.state === 'D' },
        ...(containerId !== undefined && { containerId }),
      };
    });
}
