import { basename } from 'node:path';
import { isKernelThread, type ProcStat } from './proc-stat.ts';
import type { Procfs } from './procfs.ts';

/** Why a process is out of reach for everyone, whatever a diagnosis says. */
export type ProtectionCode =
  'ProtectedPid' | 'OwnProcess' | 'OwnAncestor' | 'KernelThread' | 'ProtectedProgram' | 'ProgramUnreadable' | 'ForeignProcfs';

/** A protected process, and why in a sentence. */
export interface Protection {
  readonly code: ProtectionCode;
  readonly reason: string;
}

/** Pids and programs that may never be signalled. */
export interface DenyList {
  readonly pids?: readonly number[];
  /** Base names of executables; also compared with the kernel's name of the process. */
  readonly programs?: readonly string[];
}

/**
 * Programs without which the node, or every container on it, is lost: service managers, kubelets and distributions that carry one,
 * container runtimes, and the control plane's own processes. They are restarted through their service manager, never signalled.
 */
export const PROTECTED_PROGRAMS: readonly string[] = [
  'systemd',
  'init',
  'kubelet',
  'kubelite',
  'k3s',
  'k3s-server',
  'k3s-agent',
  'k0s',
  'rke2',
  'containerd',
  'docker-containerd',
  'dockerd',
  'cri-dockerd',
  'crio',
  'etcd',
  'kube-apiserver',
];

/** What can be said before any look at the process: its pid is nobody's to signal. */
export function protectedPid(procfs: Procfs, pid: number, denied: readonly number[]): Protection | undefined {
  if (pid <= 1) return { code: 'ProtectedPid', reason: `pid ${pid} is the init process or a process group` };
  if (pid === process.pid) return { code: 'OwnProcess', reason: `pid ${pid} is the process that asks` };
  if (denied.includes(pid)) return { code: 'ProtectedPid', reason: `pid ${pid} is on the deny list` };
  const ancestors = ownAncestors(procfs);
  if (ancestors === undefined) {
    return {
      code: 'ForeignProcfs',
      reason: `${procfs.root} does not show this process under its own pid ${process.pid}: its pids are those of another pid namespace`,
    };
  }
  if (ancestors.includes(pid)) return { code: 'OwnAncestor', reason: `pid ${pid} is an ancestor of the process that asks` };
  return undefined;
}

/** What its task and program say. Call it with a stat that was read now. */
export function protectedProgram(procfs: Procfs, stat: ProcStat, denied: readonly string[]): Protection | undefined {
  if (isKernelThread(stat)) return { code: 'KernelThread', reason: `pid ${stat.pid} (${stat.comm}) is a kernel thread` };
  const exe = procfs.exe(stat.pid);
  if (exe === undefined)
    return { code: 'ProgramUnreadable', reason: `pid ${stat.pid} shows no program, so it cannot be compared with the deny list` };
  // comm is cut to 15 bytes, so a longer name can only be told by its program: `docker-containerd` is cut to what its shim is cut to as well.
  const name = [basename(exe.path), stat.comm].find((candidate) => denied.includes(candidate));
  if (name === undefined) return undefined;
  return {
    code: 'ProtectedProgram',
    reason: `pid ${stat.pid} is ${name}, which is never signalled: restart it through its service manager`,
  };
}

/** Pids above this process, or `undefined` where the procfs is of another pid namespace. */
function ownAncestors(procfs: Procfs): number[] | undefined {
  if (procfs.selfPid() !== process.pid) return undefined;
  const ancestors: number[] = [];
  for (let pid = procfs.stat(process.pid)?.ppid ?? 0; pid > 0 && !ancestors.includes(pid); pid = procfs.stat(pid)?.ppid ?? 0) {
    ancestors.push(pid);
  }
  return ancestors;
}
