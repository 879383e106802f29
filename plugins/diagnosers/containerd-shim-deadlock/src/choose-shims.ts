import { basename } from 'node:path';
import { type Procfs, identityDifference, processIdentity } from '@kdr/linux';
import type { DiagnoseRequest } from '@kdr/plugin-sdk';
import type { ShimFacts } from './shim-facts.ts';

/** A shim serves tens of containers at most, and each one that is asked costs seconds. */
const MAX_SHIMS = 4;

type Spec = DiagnoseRequest['abnormal']['spec'];

/** The shims that are to be asked, or what was seen instead of one. `looked`: that there is none is known, not only that none is known. */
export type Choice = { shims: readonly ShimFacts[] } | { none: string; looked: boolean };

/**
 * Chooses among the shims of the Abnormal's target. Where the complaint is that a process does not reap, only that process can be at fault: the shim
 * of a container is not signalled for a plain process in it.
 */
export function chooseShims(procfs: Procfs, spec: Spec, shims: readonly ShimFacts[]): Choice {
  const { processReference, fault } = spec;
  if (processReference === undefined)
    return shims.length > 0
      ? { shims: shims.slice(0, MAX_SHIMS) }
      : { none: 'no containerd shim is known to serve the target', looked: false };
  const { pid, startTicks, bootId } = processReference;
  const now = processIdentity(procfs, pid);
  if (now === undefined) return { none: `process ${pid} is gone`, looked: true };
  const difference = identityDifference({ ...now, startTicks: startTicks ?? now.startTicks, bootId: bootId ?? now.bootId }, now);
  if (difference !== undefined) return { none: `process ${pid} is gone: ${difference}`, looked: true };
  const itself = shims.filter(({ identity }) => identity.pid === pid);
  if (itself.length > 0) return { shims: itself };
  const { name, isShim } = programOf(procfs, pid);
  if (isShim) return { none: `PID ${pid} is ${name}, but the collector container gave nothing about it`, looked: false };
  const aboutItself = /^(?:UnreapedChildren$|Zombie)/.test(fault);
  if (shims.length === 0 || aboutItself) return { none: `PID ${pid} is ${name}, not a containerd shim`, looked: aboutItself };
  return { shims: shims.slice(0, MAX_SHIMS) };
}

function programOf(procfs: Procfs, pid: number): { name: string; isShim: boolean } {
  let name = procfs.comm(pid) ?? '';
  try {
    name = procfs.exe(pid)?.path ?? name;
  } catch {
    // The program of another user: its name has to do.
  }
  return { name, isShim: /^(?:docker-)?containerd-shim/.test(basename(name)) };
}
