import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isAlive, readStat, type ProcessIdentity } from '../faults/proc.ts';
import { ClusterError } from './cluster-error.ts';
import { readClusterConfig } from './config.ts';

/** Where everything of one cluster lies. All is derived from the directory, so that a later process can take down what a dead one left. */
export interface RunDirectory {
  readonly directory: string;
  /** Unique on this machine; part of the names of cgroups. */
  readonly name: string;
  readonly maker: ProcessIdentity;
  /** Meant to outlive its maker (`pnpm cluster up`). */
  readonly kept: boolean;
}

/** A process that was started for a cluster. */
export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
}

const MARK = 'kdr-cluster.json';
const PREFIX = 'kdr-cluster-';
const NAME = /^[a-z][a-z0-9]{0,11}$/;

/**
 * Makes the directory of a new cluster.
 * @throws ClusterError KDR_CLUSTER_BAD_ARGUMENT (the name), KDR_CLUSTER_RUNNING (there is one of that name)
 */
export function makeRunDirectory(name: string, kept: boolean): RunDirectory {
  const directory = directoryOf(name);
  const mark = { name, kept, maker: { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 } };
  // Made beside and renamed, so that nobody ever sees it without its mark and takes its maker for dead.
  const making = mkdtempSync(join(readClusterConfig().temporaryDirectory, `.${PREFIX}`));
  try {
    writeFileSync(join(making, MARK), JSON.stringify(mark));
    // 0711: processes of other users in pods reach what is theirs, and list nothing.
    for (const part of ['logs', 'pki', 'etcd', 'nodes']) mkdirSync(join(making, part), { mode: 0o711 });
    chmodSync(making, 0o711);
    renameSync(making, directory);
  } catch (cause) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(directory)) throw cause;
    throw new ClusterError('KDR_CLUSTER_RUNNING', `There is a cluster ${name} in ${directory} already; take it down first.`, { cause });
  }
  return { directory, ...mark };
}

/** The directory of the cluster of that name; undefined when there is none. */
export function findRunDirectory(name: string): RunDirectory | undefined {
  const directory = directoryOf(name);
  return existsSync(directory) ? open(directory, name) : undefined;
}

/** Clusters whose maker died without taking them down. */
export function abandonedRunDirectories(): RunDirectory[] {
  const { temporaryDirectory } = readClusterConfig();
  return readdirSync(temporaryDirectory)
    .filter((entry) => entry.startsWith(PREFIX) && NAME.test(entry.slice(PREFIX.length)))
    .flatMap((entry) => findRunDirectory(entry.slice(PREFIX.length)) ?? [])
    .filter(({ kept, maker }) => !kept && !isAlive(maker));
}

/** Notes a process for whoever takes the cluster down. */
export function recordProcess(at: RunDirectory, recorded: RecordedProcess): void {
  appendFileSync(join(at.directory, 'processes'), `${JSON.stringify(recorded)}\n`);
}

/** All processes that were noted, dead ones too, in the order of their start. */
export function recordedProcesses(at: RunDirectory): RecordedProcess[] {
  const file = join(at.directory, 'processes');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap(parseProcess);
}

/** The last line may be half written after a crash. */
function parseProcess(line: string): RecordedProcess[] {
  try {
    const { name, pid, startTicks } = JSON.parse(line) as Partial<RecordedProcess>;
    return typeof name === 'string' && Number.isSafeInteger(pid) && Number(pid) > 1 && Number.isSafeInteger(startTicks)
      ? [{ name, pid: Number(pid), startTicks: Number(startTicks) }]
      : [];
  } catch {
    return [];
  }
}

function directoryOf(name: string): string {
  if (NAME.test(name)) return join(readClusterConfig().temporaryDirectory, `${PREFIX}${name}`);
  throw new ClusterError(
    'KDR_CLUSTER_BAD_ARGUMENT',
    `No cluster can be named ${JSON.stringify(name)}: a letter, then up to 11 of a-z and 0-9.`,
  );
}

/** A directory without a readable mark is one whose clean-up was killed: its maker is taken for dead. */
function open(directory: string, name: string): RunDirectory {
  try {
    const { maker, kept } = JSON.parse(readFileSync(join(directory, MARK), 'utf8')) as RunDirectory;
    return { directory, name, kept: kept === true, maker: { pid: Number(maker.pid), startTicks: Number(maker.startTicks) } };
  } catch {
    return { directory, name, kept: false, maker: { pid: 0, startTicks: 0 } };
  }
}
