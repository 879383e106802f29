import { existsSync, rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { endAbandonedParents } from './abandoned-parents.ts';
import { belongingsOf, bundlesOf, cgroupsOf, mountsOf, runcRoot, shimSocketsOf } from './belongings.ts';
import { abandonedDirectories, openFaultDirectory, type FaultDirectory } from './fault-directory.ts';
import { FaultError } from './fault-error.ts';
import { endProcess, signalExactly } from './process-end.ts';
import { silent, type OnProgress } from './progress.ts';
import { becomesTrue } from './waiting.ts';

const ROUNDS = 3;

/** Options of `cleanUp`. */
export interface CleanUp {
  readonly onProgress?: OnProgress;
  /** Return silently when the directory is gone already. Default false: KDR_FAULTS_NOT_OURS. */
  readonly missingIsFine?: boolean;
}

/**
 * Ends everything that `startContainerd` and its containers left, from what lies in the directory and in /proc alone: it also works after the
 * maker was killed. Touches only processes that carry this directory's socket, config or namespace. Bounded (about 30 s at worst).
 * @throws FaultError KDR_FAULTS_NOT_OURS (nothing touched), KDR_FAULTS_NOT_CLEAN (says what is left; call it again)
 */
export async function cleanUp(directory: string, { onProgress = silent, missingIsFine = false }: CleanUp = {}): Promise<void> {
  if (missingIsFine && !existsSync(directory)) return;
  const at = openFaultDirectory(directory);
  onProgress(`Cleaning up ${at.directory}`);
  // Again, when a maker that still runs has started something meanwhile.
  for (let round = 1; round <= ROUNDS; round += 1) {
    await sweep(at);
    const left = leftOf(at);
    if (left.length === 0) break;
    if (round === ROUNDS)
      throw new FaultError('KDR_FAULTS_NOT_CLEAN', `Could not remove all of ${at.directory}: ${left.slice(0, 10).join(', ')}.`);
    await sleep(300);
  }
  await rm(at.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

async function sweep(at: FaultDirectory): Promise<void> {
  const sockets = shimSocketsOf(at);
  await endClients(at);
  await endShims(at);
  await endContainerd(at);
  await endContained(at);
  await unmountAll(at);
  removeCgroups(at);
  for (const path of [...sockets, runcRoot(at)]) await rm(path, { recursive: true, force: true });
}

/** Cleans up after every maker that died without doing it; returns the directories. */
export async function cleanUpAbandoned({ onProgress = silent }: { onProgress?: OnProgress } = {}): Promise<string[]> {
  const directories = abandonedDirectories();
  for (const directory of directories) await cleanUp(directory, { onProgress, missingIsFine: true });
  return [...directories, ...(await endAbandonedParents())];
}

/** A `ctr task exec` that waits for a deadlocked shim ignores TERM. */
async function endClients(at: FaultDirectory): Promise<void> {
  await Promise.all(belongingsOf(at).clients.map((client) => endProcess(client, 0)));
}

/** KILL, while containerd still lives: it then deletes the containers of a dead shim itself (its cleanupAfterDeadShim). */
async function endShims(at: FaultDirectory): Promise<void> {
  for (const shim of belongingsOf(at).shims) signalExactly(shim, 'SIGKILL');
  const cleaned = () => belongingsOf(at).shims.length === 0 && bundlesOf(at).length === 0;
  if (belongingsOf(at).containerds.length > 0) await becomesTrue(cleaned, 8000);
}

async function endContainerd(at: FaultDirectory): Promise<void> {
  await Promise.all(belongingsOf(at).containerds.map((containerd) => endProcess(containerd, 3000)));
}

/** What outlived all that: container processes, a runc or publish that had just been started. Twice, since one may start another. */
async function endContained(at: FaultDirectory): Promise<void> {
  const rest = () => {
    const { clients, shims, contained } = belongingsOf(at);
    return [...clients, ...shims, ...contained];
  };
  for (let round = 0; round < 3 && rest().length > 0; round += 1) await Promise.all(rest().map((process) => endProcess(process, 0)));
}

async function unmountAll(at: FaultDirectory): Promise<void> {
  for (const mount of mountsOf(at)) {
    const plain = await execa('umount', [mount], { reject: false, timeout: 5000, stdin: 'ignore' });
    if (plain.failed) await execa('umount', ['--lazy', mount], { reject: false, timeout: 5000, stdin: 'ignore' });
  }
}

function removeCgroups(at: FaultDirectory): void {
  for (const directory of cgroupsOf(at)) {
    try {
      rmdirSync(directory);
    } catch {
      // Busy, or gone meanwhile: leftOf tells.
    }
  }
}

function leftOf(at: FaultDirectory): string[] {
  const { containerds, shims, clients, contained } = belongingsOf(at);
  const processes = [...containerds, ...shims, ...clients, ...contained].map(({ pid, comm }) => `process ${pid} (${comm})`);
  return [...processes, ...mountsOf(at).map((mount) => `mount ${mount}`), ...cgroupsOf(at).map((cgroup) => `cgroup ${cgroup}`)];
}
