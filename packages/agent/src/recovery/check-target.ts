import { basename } from 'node:path';
import type { TargetIdentity } from '@kdr/api-types';
import { PROTECTED_PROGRAMS, identityDifference, isKernelThread, processIdentity } from '@kdr/linux';
import type { Procfs } from '@kdr/linux';

/** What the agent itself sees of a target, whatever a plugin says. */
export type TargetCheck = { sees: 'same' } | { sees: 'gone'; reason: string } | { sees: 'denied'; reason: string };

/**
 * The agent's own look at a target before an intent: the same process, and none that may never be touched. The recoverer's fence looks again
 * behind the pidfd (safety.md 1.2, 1.4). Containers, pods and nodes are told by their id; of a container or pod with a process, that process
 * must be the same as well.
 */
export function checkTarget(procfs: Procfs, target: TargetIdentity): TargetCheck {
  if (target.node && target.kind === 'Node' && target.node.bootId !== procfs.bootId())
    return { sees: 'gone', reason: 'the node was booted again since' };
  const expected = target.process;
  if (!expected) return { sees: 'same' };
  const denied = whyDenied(procfs, expected.pid);
  if (denied) return { sees: 'denied', reason: denied };
  const actual = processIdentity(procfs, expected.pid);
  if (!actual) return { sees: 'gone', reason: `no process has pid ${expected.pid}` };
  const difference = identityDifference(expected, actual);
  return difference ? { sees: 'gone', reason: difference } : { sees: 'same' };
}

function whyDenied(procfs: Procfs, pid: number): string | undefined {
  if (pid <= 1) return `pid ${pid} is the init process`;
  if (pid === process.pid) return 'it is the agent itself';
  const stat = procfs.stat(pid);
  if (!stat) return undefined;
  if (isKernelThread(stat)) return `pid ${pid} (${stat.comm}) is a kernel thread`;
  const names = [stat.comm, basename(procfs.exe(pid)?.path ?? '')];
  const program = names.find((name) => PROTECTED_PROGRAMS.includes(name));
  return program && `pid ${pid} is ${program}, which is never acted on`;
}
