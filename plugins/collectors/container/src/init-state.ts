import { type ProcStat, hasExited } from '@kdr/linux';
import type { InitState } from './findings.ts';

// include/linux/sched.h: PF_EXITING, "Getting shut down".
const PF_EXITING = 0x4;

/**
 * What became of a container's init, by its stat. Only its last thread ends a process: a leader that called pthread_exit is shown as a zombie
 * while the others work on (num_threads counts them). One that waits in zap_pid_ns_processes for its namespace to be reaped is in state S.
 */
export function initState(stat: Pick<ProcStat, 'state' | 'flags' | 'numThreads'> | undefined): InitState {
  if (stat === undefined) return 'Gone';
  if (stat.numThreads > 1) return 'Running';
  if (hasExited(stat)) return 'Zombie';
  return (stat.flags & PF_EXITING) !== 0 ? 'Exiting' : 'Running';
}
