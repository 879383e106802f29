import { type ProcessIdentity, type Procfs, identityDifference, processIdentity } from '@kdr/linux';

/** What an Abnormal says about its process. */
export interface ProcessReference {
  pid: number;
  startTicks?: string;
  bootId?: string;
}

/** The process that is meant, as it is now, or why there is none. */
export type Target = { found: ProcessIdentity } | { gone: string };

/** Finds the process that is meant; one that took its pid later is not it. */
export function findTarget(procfs: Procfs, reference: ProcessReference): Target {
  const { pid, startTicks, bootId } = reference;
  const now = processIdentity(procfs, pid);
  if (bootId !== undefined && bootId !== procfs.bootId()) return { gone: `process ${pid} is gone: the machine was booted again since` };
  if (now === undefined) return { gone: `process ${pid} is gone: no process has that pid` };
  const difference = identityDifference({ ...now, ...(startTicks !== undefined && { startTicks }) }, now);
  return difference === undefined ? { found: now } : { gone: `process ${pid} is gone: ${difference}` };
}
