import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcError, type Procfs } from '@kdr/linux';
import type { DiagnoseAnswer, Diagnosis } from '@kdr/plugin-sdk';
import { BUNDLES } from './identified.ts';

const WAIT_MS = 6000;
const PAUSE_MS = 200;

/**
 * The shim is gone, and the deadlock with it. Whether containerd has cleaned up is looked at too, for a few seconds: a container that is left behind
 * keeps its pod from going.
 */
export async function shimGone(procfs: Procfs, why: string, diagnosis: Diagnosis, signal: AbortSignal): Promise<DiagnoseAnswer> {
  const bundles = bundlesOf(diagnosis);
  if (bundles.length === 0) return { outcome: 'NotIdentified', reason: `${why}; what containerd had to clean up is not known` };
  const roots = rootsOf(procfs);
  const seen = (path: string) => roots.some((root) => existsSync(join(root, path)));
  const started = performance.now();
  for (;;) {
    const left = bundles.filter(seen);
    if (left.length === 0) break;
    if (performance.now() - started >= WAIT_MS) {
      return {
        outcome: 'Failed',
        reason: `${why}, but containerd has not cleaned up yet: ${left.join(', ')} is still there`.slice(0, 1024),
        retryable: true,
      };
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
  if (!bundles.every((bundle) => seen(dirname(bundle)) || seen(dirname(dirname(bundle))))) {
    return { outcome: 'NotIdentified', reason: `${why}; whether containerd has cleaned up can't be seen from here` };
  }
  return {
    outcome: 'NotIdentified',
    reason: `${why}, and containerd has cleaned up ${bundles.map((bundle) => basename(bundle)).join(', ')}`.slice(0, 1024),
  };
}

/** Only paths of bundles: whatever else stands there is not looked for. */
function bundlesOf({ evidence }: Diagnosis): string[] {
  const detail = evidence.find(({ title }) => title === BUNDLES)?.detail ?? '';
  return detail
    .split('\n')
    .filter((path) => /^\/[^\0]*\/io\.containerd\.runtime\.v[12]\.[a-z]+\/[^/]+\/[^/]+$/.test(path) && !path.includes('/../'));
}

/** Our own root, and those of the containerds: in a pod the host's directories need not be mounted. */
function rootsOf(procfs: Procfs): string[] {
  const daemons = procfs.pids().filter((pid) => {
    try {
      return /^(?:[\w.-]+-)?containerd$/.test(basename(procfs.exe(pid)?.path ?? ''));
    } catch (error) {
      if (error instanceof ProcError) return false;
      throw error;
    }
  });
  return ['/', ...daemons.map((pid) => join(procfs.root, String(pid), 'root'))];
}
