import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { isAlive, listProcesses, readArgv, readExe, readStat, type ProcessIdentity } from '../faults/proc.ts';
import { endProcess } from '../faults/process-end.ts';
import { silent, type OnProgress } from '../faults/progress.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { ClusterError } from './cluster-error.ts';
import { bridgeOf, removeNetwork } from './network.ts';
import { cgroupsOf, processesInCgroups, removeCgroups } from './node-cgroups.ts';
import { abandonedRunDirectories, recordedProcesses, type RecordedProcess, type RunDirectory } from './run-directory.ts';

const ROUNDS = 10;
const BETWEEN_ROUNDS_MS = 500;
const OUTER_ENDS_MS = 2000;
/** What a maker may have started without having noted it yet; they carry the directory among their arguments. */
const OURS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'coredns', 'unshare'];

/**
 * Ends a cluster from what lies in its directory and in /proc: it also works after the maker was killed. Returns when no process, mount, network
 * or cgroup of it is left. Bounded (about half a minute at worst).
 * @throws ClusterError KDR_CLUSTER_NOT_CLEAN (says what is left; call it again)
 */
export async function cleanUp(at: RunDirectory, { onProgress = silent }: { onProgress?: OnProgress } = {}): Promise<void> {
  if (!existsSync(at.directory)) return;
  onProgress(`Taking down the cluster ${at.name}`);
  for (let round = 1; ; round += 1) {
    await sweep(at);
    const left = leftOf(at);
    if (left.length === 0) break;
    if (round === ROUNDS)
      throw new ClusterError('KDR_CLUSTER_NOT_CLEAN', `Could not take down all of ${at.directory}: ${left.slice(0, 10).join(', ')}.`);
    await sleep(BETWEEN_ROUNDS_MS);
  }
  await rm(at.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Takes down every cluster whose maker died without doing it; returns their names. */
export async function cleanUpAbandoned({ onProgress = silent }: { onProgress?: OnProgress } = {}): Promise<string[]> {
  const abandoned = abandonedRunDirectories();
  for (const at of abandoned) await cleanUp(at, { onProgress });
  return abandoned.map(({ name }) => name);
}

/** What is left of a cluster, for people; empty when it is gone but for its directory. */
export function leftOf(at: RunDirectory): string[] {
  const bridge = bridgeOf(at);
  return [
    ...belongingsOf(at).map(({ name, pid }) => `process ${pid} (${name})`),
    ...mountsOf(at).map((mount) => `mount ${mount}`),
    ...cgroupsOf(at).map((cgroup) => `cgroup ${cgroup}`),
    ...(bridge === undefined ? [] : [`bridge ${bridge}`]),
  ];
}

/**
 * The nodes go first and at once: with the first process of a pid namespace the kernel ends all others, and drops the namespaces. Its parent then
 * ends by itself, having waited for it; killed before, it would leave that to the machine's first process, which may take its time.
 */
async function sweep(at: RunDirectory): Promise<void> {
  const belongings = belongingsOf(at);
  const inits = belongings.filter(({ name }) => name.endsWith('/init'));
  const outer = belongings.filter(({ name }) => name.endsWith('/unshare'));
  await Promise.all(inits.map((process) => endProcess(process, 0)));
  await becomesTrue(() => !outer.some(isAlive), OUTER_ENDS_MS, 20);
  await Promise.all(belongings.map((process) => endProcess(process, 0)));
  await removeNetwork(at);
  removeCgroups(at);
}

function belongingsOf(at: RunDirectory): RecordedProcess[] {
  const noted = recordedProcesses(at).filter(isAlive);
  const known = new Set(noted.map(({ pid }) => pid));
  const contained = processesInCgroups(at).flatMap((pid) => identify(pid, 'contained'));
  const unnoted = listProcesses()
    .filter(({ pid, state }) => state !== 'Z' && carries(pid, at))
    .flatMap(({ pid }) => identify(pid, basename(readExe(pid) ?? '')));
  return [...noted, ...[...contained, ...unnoted].filter(({ pid }) => !known.has(pid))];
}

function carries(pid: number, at: RunDirectory): boolean {
  return OURS.includes(basename(readExe(pid) ?? '')) && readArgv(pid).some((argument) => argument.includes(`${at.directory}/`));
}

function identify(pid: number, name: string): RecordedProcess[] {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' ? [] : [{ name, ...identityOf(stat) }];
}

function identityOf({ pid, startTicks }: ProcessIdentity): ProcessIdentity {
  return { pid, startTicks };
}

/** Mounts at or below the directory in this mount namespace: there are none unless somebody made one. */
function mountsOf(at: RunDirectory): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${at.directory}/`));
}
