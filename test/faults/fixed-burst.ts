import { setTimeout as sleep } from 'node:timers/promises';
import type { Containerd } from './containerd.ts';
import { burstOfExecs, type Execs } from './execs.ts';
import { zombiesOf } from './proc.ts';
import { startShimContainer, type ShimContainer } from './shim-container.ts';

/** A fixed shim under the load that deadlocks an affected one: it stalls, and recovers by itself. The control of every deadlock test. */
export interface FixedShimUnderBurst {
  readonly container: ShimContainer;
  readonly execs: Execs;
  /** Resolves with what was seen when every exec has been answered; `recovered` false when `timeoutMs` pass first. */
  readonly recovery: (timeoutMs: number) => Promise<{ recovered: boolean; afterMs: number; mostZombies: number; longestSilenceMs: number }>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a container under the fixed shim and lets `execs` (default 60) short execs loose on it. Returns at once, while it stalls:
 * 60 execs took 19 to 26 s here, with silences of 13 to 24 s in which nothing at all moved. Seen once above 60 s on a loaded machine.
 * @param shim path from `buildShim({ version: 'v1.2.10', … })`
 */
export async function fixedShimUnderBurst(
  containerd: Containerd,
  { id, shim, execs: count = 60 }: { id: string; shim: string; execs?: number },
): Promise<FixedShimUnderBurst> {
  const container = await startShimContainer(containerd, { id, shim });
  const execs = burstOfExecs(container, count);
  const started = performance.now();
  const recovery = async (timeoutMs: number) => {
    let mostZombies = 0;
    let longestSilenceMs = 0;
    let finished = -1;
    let changed = started;
    while (execs.finished() < count && performance.now() - started < timeoutMs) {
      await sleep(100);
      mostZombies = Math.max(mostZombies, zombiesOf(container.shimPid).length);
      if (execs.finished() !== finished) changed = performance.now();
      finished = execs.finished();
      longestSilenceMs = Math.max(longestSilenceMs, Math.round(performance.now() - changed));
    }
    return { recovered: execs.finished() === count, afterMs: Math.round(performance.now() - started), mostZombies, longestSilenceMs };
  };
  return { container, execs, recovery, stop: execs.stop };
}
