import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Procfs } from '@kdr/linux';
import type { ShimFacts } from './shim-facts.ts';

const PAUSE_MS = 100;

/** What became of the bundles that containerd removes when it sees its shim gone. */
export type CleanedUp = 'Removed' | 'Left' | 'Unseen';

/** Waits until containerd has removed the bundles, at most so long; they are looked up in containerd's own mount namespace. */
export async function awaitCleanUp(
  procfs: Procfs,
  { tasks, daemon }: ShimFacts,
  milliseconds: number,
  signal: AbortSignal,
): Promise<CleanedUp> {
  const root = daemon ? join(procfs.root, String(daemon.identity.pid), 'root') : '/';
  const bundles = tasks.map(({ bundle }) => join(root, bundle));
  if (!bundles.every((bundle) => existsSync(dirname(bundle)))) return 'Unseen';
  const until = performance.now() + milliseconds;
  while (bundles.some((bundle) => existsSync(bundle))) {
    if (performance.now() >= until || signal.aborted) return 'Left';
    await sleep(PAUSE_MS);
  }
  return 'Removed';
}
