import { setTimeout as delay } from 'node:timers/promises';
import { hasExited } from './proc-stat.ts';
import { isSameStart, type ProcessIdentity } from './process-identity.ts';
import type { Procfs } from './procfs.ts';

/** How a process was seen to have ended, or that it was not. */
export type ExitObservation =
  /** Its pid is free. */
  | { readonly outcome: 'Exited'; readonly as: 'Gone' }
  /** It ended; its parent has not reaped it yet. */
  | { readonly outcome: 'Exited'; readonly as: 'Zombie' }
  /** Its pid belongs to another process already, or the machine was booted again. */
  | { readonly outcome: 'Exited'; readonly as: 'Replaced' }
  | { readonly outcome: 'StillRunning' };

/** How a process stands now: one look, no wait. */
export function observeExit(procfs: Procfs, identity: ProcessIdentity): ExitObservation {
  const stat = procfs.stat(identity.pid);
  if (!stat) return { outcome: 'Exited', as: 'Gone' };
  if (!isSameStart(identity, stat) || procfs.bootId() !== identity.bootId) return { outcome: 'Exited', as: 'Replaced' };
  return hasExited(stat) ? { outcome: 'Exited', as: 'Zombie' } : { outcome: 'StillRunning' };
}

/**
 * Waits until a process has ended, at most `timeoutMs`. Looks after 10 ms and then at growing intervals up to 250 ms (one small read each):
 * Node.js cannot wait on a pidfd. Rejects with the reason of `signal` when that aborts.
 */
export async function waitForExit(
  procfs: Procfs,
  identity: ProcessIdentity,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ExitObservation> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 250)) {
    signal?.throwIfAborted();
    const seen = observeExit(procfs, identity);
    const left = deadline - performance.now();
    if (seen.outcome === 'Exited' || left <= 0) return seen;
    await delay(Math.min(pause, left), undefined, { signal }).catch(() => {}); // the loop tells the abort's own reason
  }
}
