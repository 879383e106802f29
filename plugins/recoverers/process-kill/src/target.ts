import { basename } from 'node:path';
import {
  PROTECTED_PROGRAMS,
  type ProcStat,
  type ProcessIdentity,
  type Procfs,
  hasExited,
  identityDifference,
  isKernelThread,
  processIdentity,
} from '@kdr/linux';
import type { Diagnosis, TargetIdentity } from '@kdr/plugin-sdk';

/** The one cause that ending a process repairs. */
export const CAUSE = 'ParentDoesNotReap';

/** A process that may be ended, or why not. */
export type Target =
  | { process: ProcessIdentity; program: string; containerInit: boolean }
  | { outcome: 'NotApplicable'; reason: string }
  | { outcome: 'TargetGone'; reason: string };

const notApplicable = (reason: string): Target => ({ outcome: 'NotApplicable', reason });

/** Looks at the target now. What may never be signalled is left out here already, so that it is not even proposed; the fence looks again. */
export function readTarget(procfs: Procfs, diagnosis: Diagnosis, target: TargetIdentity): Target {
  if (diagnosis.cause !== CAUSE) return notApplicable(`it repairs ${CAUSE}, not ${diagnosis.cause}`);
  const { process } = target;
  if (target.kind !== 'Process' || process === undefined) return notApplicable('the target is no process');
  const now = processIdentity(procfs, process.pid);
  const stat = procfs.stat(process.pid);
  const status = procfs.status(process.pid);
  if (now === undefined || stat === undefined || status === undefined)
    return { outcome: 'TargetGone', reason: `process ${process.pid} is gone` };
  const difference = identityDifference(process, now);
  if (difference !== undefined) return { outcome: 'TargetGone', reason: `process ${process.pid} is not the target: ${difference}` };
  if (hasExited(stat)) return { outcome: 'TargetGone', reason: `process ${process.pid} has ended already` };
  const program = procfs.exe(process.pid)?.path ?? stat.comm;
  const untouchable = whyUntouchable(stat, program);
  if (untouchable !== undefined) return notApplicable(untouchable);
  return { process, program, containerInit: now.containerId !== undefined && status.nsPids.length > 1 && status.nsPids.at(-1) === 1 };
}

function whyUntouchable(stat: ProcStat, program: string): string | undefined {
  const names = [basename(program), stat.comm];
  if (stat.pid <= 1 || isKernelThread(stat) || names.some((name) => PROTECTED_PROGRAMS.includes(name))) {
    return `process ${stat.pid} is ${program}, which is never signalled`;
  }
  if (!names.some((name) => /^(?:docker-)?containerd-shim/.test(name))) return undefined;
  return `process ${stat.pid} is ${program}, a containerd shim: only containerd-shim-kill looks at what it serves`;
}
