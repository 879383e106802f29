import { hasExited, isKernelThread, type ProcStat } from './proc-stat.ts';
import { ProcError } from './proc-error.ts';
import type { Executable, Procfs } from './procfs.ts';

/**
 * What makes a process itself and not the next owner of its pid. Goes over the wire: strings where numbers may exceed 2^53.
 */
export interface ProcessIdentity {
  /** {@link Procfs.bootId} */
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of `/proc/PID/stat`. */
  readonly startTicks: string;
  /** The program. Absent for kernel threads and zombies, which have none, and where the reader may not see it. */
  readonly exe?: { readonly dev: string; readonly ino: string };
  /** Absent outside of containers, and for a zombie on cgroup v1 (the kernel has already moved it to `/`). */
  readonly containerId?: string;
}

/**
 * Reads the identity of a process, or `undefined` if it is absent.
 *
 * A zombie's identity is bootId + pid + startTicks: its program and memory are gone, and its pid stays taken until its parent reaps it.
 */
export function processIdentity(procfs: Procfs, pid: number): ProcessIdentity | undefined {
  const before = procfs.stat(pid);
  if (!before) return undefined;
  const exe = isKernelThread(before) || hasExited(before) ? undefined : readableExe(procfs, pid);
  const containerId = procfs.container(pid)?.containerId;
  // The reads between belong to this process only if the pid still does.
  if (procfs.stat(pid)?.startTicks !== before.startTicks) return undefined;
  return {
    bootId: procfs.bootId(),
    pid,
    startTicks: before.startTicks,
    ...(exe && { exe: { dev: exe.dev, ino: exe.ino } }),
    ...(containerId !== undefined && { containerId }),
  };
}

/**
 * Whether two identities name one process: boot, pid and start must be equal, program and container wherever both know them
 * (a process that has become a zombie in between is still the same one; one that called execve is treated as another).
 */
export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return identityDifference(a, b) === undefined;
}

/** What tells two identities apart, in words, or `undefined` if they name the same process. */
export function identityDifference(expected: ProcessIdentity, actual: ProcessIdentity): string | undefined {
  if (expected.bootId !== actual.bootId) return 'the machine was booted again since';
  if (expected.pid !== actual.pid) return `pid ${actual.pid} is not ${expected.pid}`;
  if (expected.startTicks !== actual.startTicks) {
    return `the pid was reused: its process started at tick ${actual.startTicks}, not ${expected.startTicks}`;
  }
  if (expected.exe && actual.exe && (expected.exe.dev !== actual.exe.dev || expected.exe.ino !== actual.exe.ino)) {
    return 'it runs another program now';
  }
  if (expected.containerId !== undefined && actual.containerId !== undefined && expected.containerId !== actual.containerId) {
    return `it belongs to container ${actual.containerId}, not ${expected.containerId}`;
  }
  return undefined;
}

/** Whether a process read now is the one of the identity; cheaper than reading a whole identity. */
export function isSameStart(identity: ProcessIdentity, stat: ProcStat): boolean {
  return identity.pid === stat.pid && identity.startTicks === stat.startTicks;
}

function readableExe(procfs: Procfs, pid: number): Executable | undefined {
  try {
    return procfs.exe(pid);
  } catch (error) {
    if (error instanceof ProcError && error.code === 'KDR_PROC_PERMISSION_DENIED') return undefined;
    throw error;
  }
}
