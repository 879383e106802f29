import { opendirSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createBlockingReader, type BlockingReader } from './blocking-reader.ts';
import { readBounded, type BoundedBytes } from './bounded-read.ts';
import { findCgroupContainer, type CgroupContainer } from './cgroup-container.ts';
import { parseCgroupMemberships, type CgroupMembership } from './cgroup-membership.ts';
import { absentOrThrow, ProcError, readOrAbsent } from './proc-error.ts';
import { parseProcStat, type ProcStat } from './proc-stat.ts';
import { parseProcStatus, type ProcStatus } from './proc-status.ts';

/** Argument vector of a process. */
export interface CommandLine {
  /** Empty for kernel threads and zombies. Trailing empty arguments are dropped: programs that rename themselves pad with NUL. */
  readonly argv: readonly string[];
  /** The text was longer than the limit; the last argument may be incomplete. */
  readonly truncated: boolean;
}

/** The program that a process runs. */
export interface Executable {
  /** As seen in the process' mount namespace, without ` (deleted)`. */
  readonly path: string;
  /** The file was removed or replaced since (an upgraded package). */
  readonly deleted: boolean;
  /** Device and inode; decimal strings, as inodes may exceed 2^53. */
  readonly dev: string;
  readonly ino: string;
}

/** Open files of a process. */
export interface OpenFiles {
  /** Descriptor → link target: a path, `pipe:[ino]`, `socket:[ino]`, `anon_inode:…`. */
  readonly links: ReadonlyMap<number, string>;
  /** There are more than the limit. */
  readonly truncated: boolean;
}

/** One thread of a process. */
export interface ThreadInfo {
  readonly tid: number;
  readonly stat: ProcStat;
  /** Kernel function in which it sleeps; absent when it runs or the kernel does not say. */
  readonly wchan?: string;
}

/**
 * Reads one procfs. Every method answers `undefined` for a process that is absent or vanishes while it is read, and throws
 * {@link ProcError} when the kernel refuses (`KDR_PROC_PERMISSION_DENIED`) or the text is not what it should be.
 *
 * Methods are synchronous but for the two whose read may wait for a lock of the observed process.
 */
export interface Procfs {
  readonly root: string;
  stat(pid: number): ProcStat | undefined;
  status(pid: number): ProcStatus | undefined;
  /** Current name, cut to 15 bytes. */
  comm(pid: number): string | undefined;
  /** At most 64 KiB are read. */
  cmdline(pid: number): Promise<CommandLine | undefined>;
  /** `undefined` for kernel threads and zombies too: they have none. */
  exe(pid: number): Executable | undefined;
  cwd(pid: number): string | undefined;
  cgroup(pid: number): CgroupMembership[] | undefined;
  /** Container or pod that the cgroups name; `undefined` for none and for an absent process. */
  container(pid: number): CgroupContainer | undefined;
  /** Link target of one descriptor. */
  fd(pid: number, descriptor: number): string | undefined;
  /** Up to `limit` (4096) descriptors. */
  fds(pid: number, limit?: number): OpenFiles | undefined;
  wchan(pid: number): string | undefined;
  /** Kernel stack, one frame a line; needs root (CAP_SYS_ADMIN). At most 64 KiB. */
  stack(pid: number): Promise<string | undefined>;
  /** Up to `limit` (1024) threads; those that vanish meanwhile are left out. */
  threads(pid: number, limit?: number): ThreadInfo[] | undefined;
  /** Every process id, ascending. */
  pids(): number[];
  /** Direct children, zombies too. Scans every process: the kernel's own `children` file is only reliable for frozen processes (proc.rst §3.7). */
  children(pid: number): number[];
  /** Pid of the reading process in the pid namespace that this procfs shows; `undefined` if it is not in there. */
  selfPid(): number | undefined;
  /** Seconds since boot. */
  uptime(): number;
  /** Random id of this boot (random(4)). */
  bootId(): string;
}

// A status file grows with the list of groups (65,536 of them at most).
const limits = { stat: 8 * 1024, status: 1024 * 1024, cgroup: 256 * 1024, cmdline: 64 * 1024, stack: 64 * 1024, small: 4096 };

/**
 * Opens a procfs.
 *
 * @param root Where it is mounted: `/proc`, the mount of a host's in a container, or a directory with the same files.
 */
export function createProcfs(root = '/proc'): Procfs {
  const readSlowly = createBlockingReader({ timeoutMs: 1000, maxStuck: 2 });
  const file = (pid: number, name: string): string => join(root, String(pid), name);

  const stat = (pid: number): ProcStat | undefined => parsed(file(pid, 'stat'), limits.stat, parseProcStat);
  const cgroup = (pid: number): CgroupMembership[] | undefined => parsed(file(pid, 'cgroup'), limits.cgroup, parseCgroupMemberships);
  const pids = (): number[] => numericNames(root).sort((a, b) => a - b);
  const wchan = (path: string): string | undefined => parsed(path, limits.small, parseWchan);

  return {
    root,
    stat,
    status: (pid) => parsed(file(pid, 'status'), limits.status, parseProcStatus),
    comm: (pid) => parsed(file(pid, 'comm'), limits.small, (text) => text.replace(/\n$/, '')),
    cmdline: async (pid) => parseCommandLine(await slowly(readSlowly, file(pid, 'cmdline'), limits.cmdline)),
    exe: (pid) => readExecutable(file(pid, 'exe')),
    cwd: (pid) => readLink(file(pid, 'cwd')),
    cgroup,
    container: (pid) => {
      const memberships = cgroup(pid);
      return memberships && findCgroupContainer(memberships);
    },
    fd: (pid, descriptor) => readLink(file(pid, `fd/${descriptor}`)),
    fds: (pid, limit = 4096) => readOpenFiles(file(pid, 'fd'), limit),
    wchan: (pid) => wchan(file(pid, 'wchan')),
    stack: async (pid) => (await slowly(readSlowly, file(pid, 'stack'), limits.stack))?.bytes.toString('utf8'),
    threads: (pid, limit = 1024) => {
      const task = file(pid, 'task');
      const tids = readOrAbsent(task, () => numericNames(task));
      return tids?.slice(0, limit).flatMap((tid) => {
        const thread = parsed(join(task, String(tid), 'stat'), limits.stat, parseProcStat);
        return thread ? [{ tid, stat: thread, wchan: wchan(join(task, String(tid), 'wchan')) }] : [];
      });
    },
    pids,
    children: (pid) => pids().filter((candidate) => stat(candidate)?.ppid === pid),
    selfPid: () => toPid(readLink(join(root, 'self'))),
    uptime: () => required(join(root, 'uptime'), parseUptime),
    bootId: () => required(join(root, 'sys/kernel/random/boot_id'), parseBootId),
  };
}

function numericNames(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parsed<T>(path: string, limit: number, parse: (text: string, path: string) => T): T | undefined {
  const text = readOrAbsent(path, () => readBounded(path, limit).bytes.toString('utf8'));
  // A process that is being torn down may answer with an empty file.
  return text === undefined || text === '' ? undefined : parse(text, path);
}

function required<T>(path: string, parse: (text: string, path: string) => T): T {
  const value = parsed(path, limits.small, parse);
  if (value === undefined)
    throw new ProcError('KDR_PROC_UNREADABLE', path, `${path} is not there: is procfs mounted, and whole, at this root?`);
  return value;
}

async function slowly(read: BlockingReader, path: string, limit: number): Promise<BoundedBytes | undefined> {
  try {
    return await read(path, limit);
  } catch (error) {
    return absentOrThrow(path, error);
  }
}

function parseCommandLine(content: BoundedBytes | undefined): CommandLine | undefined {
  if (content === undefined) return undefined;
  const text = content.bytes.toString('utf8').replace(/\0+$/, '');
  return { argv: text === '' ? [] : text.split('\0'), truncated: content.truncated };
}

function readExecutable(path: string): Executable | undefined {
  return readOrAbsent(path, () => {
    const target = readlinkSync(path);
    // Follows the kernel's own reference to the file, so it answers for a deleted one too, from any mount namespace.
    const { dev, ino } = statSync(path, { bigint: true });
    const deleted = target.endsWith(' (deleted)');
    return { path: deleted ? target.slice(0, -' (deleted)'.length) : target, deleted, dev: String(dev), ino: String(ino) };
  });
}

function readLink(path: string): string | undefined {
  return readOrAbsent(path, () => readlinkSync(path));
}

function toPid(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function readOpenFiles(directory: string, limit: number): OpenFiles | undefined {
  return readOrAbsent(directory, () => {
    const links = new Map<number, string>();
    const entries = opendirSync(directory);
    try {
      for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
        if (links.size >= limit) return { links, truncated: true };
        const target = readLink(join(directory, entry.name));
        if (target !== undefined) links.set(Number(entry.name), target);
      }
      return { links, truncated: false };
    } finally {
      entries.closeSync();
    }
  });
}

/** The kernel prints `0` for a task that runs, and for readers who may not see it. */
function parseWchan(text: string): string | undefined {
  const name = text.trim();
  return name === '0' || name === '' ? undefined : name;
}

function parseUptime(text: string, path: string): number {
  const seconds = Number.parseFloat(text);
  if (!Number.isFinite(seconds)) throw new ProcError('KDR_PROC_MALFORMED', path, `${path} does not start with a number of seconds`);
  return seconds;
}

function parseBootId(text: string, path: string): string {
  const id = text.trim();
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new ProcError('KDR_PROC_MALFORMED', path, `${path} is not a UUID`);
  return id;
}
