import { basename } from 'node:path';
import { PROTECTED_PROGRAMS, type ProcStat, isKernelThread } from '@kdr/linux';

/** Why a parent is none of this diagnoser's business, whatever its children do. */
export function notOurs(stat: ProcStat, exe: string | undefined): string | undefined {
  const { pid, comm } = stat;
  if (pid <= 1) return `process ${pid} is the init process: where that does not reap, it is another fault`;
  if (isKernelThread(stat)) return `process ${pid} (${comm}) is a kernel thread`;
  const names = [comm, ...(exe === undefined ? [] : [basename(exe)])];
  if (names.some((name) => /^(?:docker-)?containerd-shim/.test(name))) {
    return `process ${pid} is ${exe ?? comm}, a containerd shim: the diagnoser containerd-shim-deadlock knows these`;
  }
  const daemon = names.find((name) => PROTECTED_PROGRAMS.includes(name));
  return daemon && `process ${pid} is ${daemon}, a daemon of the node, not a plain process`;
}
