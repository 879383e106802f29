import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFaultsConfig } from './config.ts';
import { FaultError } from './fault-error.ts';
import { isAlive, readStat, type ProcessIdentity } from './proc.ts';

/** Where everything of one containerd lies. All paths are derived from the directory, so that a later process can clean up after a dead one. */
export interface FaultDirectory {
  readonly directory: string;
  /** containerd namespace, unique on the machine: v1.2 shims listen on an abstract socket named by namespace and container only. */
  readonly namespace: string;
  readonly maker: ProcessIdentity;
  readonly config: string;
  readonly socket: string;
  readonly log: string;
  readonly root: string;
  readonly state: string;
  readonly fifos: string;
  readonly rootfs: string;
  /** One line per socket of a shim outside this directory: a shim that is killed leaves its socket behind. */
  readonly shimSockets: string;
}

const MARK = 'kdr-fault.json';
const PREFIX = 'kdr-fault-';
/** sun_path has 108 bytes, one of them the NUL (unix(7)); containerd listens on `<socket>.ttrpc` too. */
const LONGEST_SOCKET = 107;

/**
 * Makes the directory (or takes an empty one), its parts and the mark by which `openFaultDirectory` knows it again.
 * @throws FaultError KDR_FAULTS_PATH_TOO_LONG, KDR_FAULTS_NOT_OURS (not empty)
 */
export function makeFaultDirectory(wanted?: string): FaultDirectory {
  if (wanted !== undefined) mkdirSync(wanted, { recursive: true, mode: 0o711 });
  const directory = realpathSync(wanted ?? mkdtempSync(join(readFaultsConfig().temporaryDirectory, PREFIX)));
  if (readdirSync(directory).length > 0) throw new FaultError('KDR_FAULTS_NOT_OURS', `${directory} is not empty; give a new directory.`);
  const me = readStat(process.pid);
  const mark = {
    // The v1.2 shim wants each part to begin with a letter.
    namespace: `kdr-fault-n${randomBytes(4).toString('hex')}`,
    maker: { pid: process.pid, startTicks: me?.startTicks ?? 0 },
  };
  const made = layout(directory, mark);
  if (Buffer.byteLength(`${made.socket}.ttrpc`) > LONGEST_SOCKET)
    throw new FaultError('KDR_FAULTS_PATH_TOO_LONG', `${directory} is too long: a socket in it would exceed ${LONGEST_SOCKET} bytes.`);
  writeFileSync(join(directory, MARK), JSON.stringify(mark));
  for (const part of [made.root, made.state, made.fifos, made.rootfs, join(directory, 'tmp')]) mkdirSync(part, { mode: 0o711 });
  return made;
}

/**
 * Opens a directory that an earlier `makeFaultDirectory` marked.
 * @throws FaultError KDR_FAULTS_NOT_OURS when it carries no such mark: nothing there is ever touched then.
 */
export function openFaultDirectory(directory: string): FaultDirectory {
  try {
    const real = realpathSync(directory);
    const mark: unknown = JSON.parse(readFileSync(join(real, MARK), 'utf8'));
    if (isMark(mark)) return layout(real, mark);
  } catch (cause) {
    throw new FaultError('KDR_FAULTS_NOT_OURS', `${directory} was not made by test/faults (no readable ${MARK}); left alone.`, { cause });
  }
  throw new FaultError('KDR_FAULTS_NOT_OURS', `${join(directory, MARK)} is not one of test/faults; left alone.`);
}

/** Directories of this machine's temporary directory whose maker is dead: what a crash or a KILL left behind. */
export function abandonedDirectories(): string[] {
  const { temporaryDirectory } = readFaultsConfig();
  return readdirSync(temporaryDirectory)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(temporaryDirectory, name))
    .filter((directory) => existsSync(join(directory, MARK)) && !isAlive(openFaultDirectory(directory).maker));
}

function layout(directory: string, mark: { namespace: string; maker: ProcessIdentity }): FaultDirectory {
  const at = (name: string) => join(directory, name);
  return {
    directory,
    ...mark,
    config: at('containerd.toml'),
    socket: at('c.sock'),
    log: at('containerd.log'),
    root: at('root'),
    state: at('state'),
    fifos: at('fifos'),
    rootfs: at('rootfs'),
    shimSockets: at('shim-sockets'),
  };
}

function isMark(value: unknown): value is { namespace: string; maker: ProcessIdentity } {
  if (typeof value !== 'object' || value === null || !('namespace' in value) || !('maker' in value)) return false;
  const { namespace, maker } = value;
  // The namespace becomes part of paths that are removed.
  if (typeof namespace !== 'string' || !/^kdr-fault-n[0-9a-f]{8}$/.test(namespace)) return false;
  return typeof maker === 'object' && maker !== null && 'pid' in maker && 'startTicks' in maker;
}
