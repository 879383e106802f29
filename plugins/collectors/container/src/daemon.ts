import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type OpenFiles, type ProcStat, type Procfs, processIdentity } from '@kdr/linux';
import type { Shim } from './findings.ts';
import type { Gaps } from './gaps.ts';

const MAX_DESCRIPTORS = 65_536;

/** containerd, Docker's of old, and those that distributions ship under their own prefix. */
function isDaemonProgram(exe: string): boolean {
  return /^(?:[\w.-]+-)?containerd$/.test(basename(exe));
}

/**
 * The containerd of a shim: who holds the other end of its log, else who listens on the socket that the shim was given. Asked of /proc alone, since
 * the daemon itself may hang.
 */
export function findDaemon(
  procfs: Procfs,
  processes: Iterable<ProcStat>,
  shim: { pid: number; log: Shim['log']; address?: string },
  gaps: Gaps,
): Shim['daemon'] {
  const ends = new Set(
    [shim.log.fifo?.path, shim.log.stdout, shim.log.stderr].filter((link) => link !== undefined && link !== '/dev/null'),
  );
  const listening = shim.address === undefined ? undefined : socketInode(procfs, shim.pid, shim.address, gaps);
  let serving: Shim['daemon'];
  for (const { pid, state } of processes) {
    const exe = gaps.see('programs of other users', () => procfs.exe(pid)?.path);
    if (exe === undefined || !isDaemonProgram(exe)) continue;
    const files = gaps.see(`open files of ${exe} ${pid}`, () => procfs.fds(pid, MAX_DESCRIPTORS));
    const identity = processIdentity(procfs, pid);
    if (files === undefined || identity === undefined) continue;
    const links = [...files.links.values()];
    const readsLog = links.some((link) => ends.has(link) && /^(?:pipe:|\/)/.test(link) && !isOwnStream(files, link));
    if (!readsLog && (listening === undefined || !links.includes(`socket:[${listening}]`))) continue;
    const [stdout, stderr] = [files.links.get(1), files.links.get(2)];
    const daemon = { identity, exe, state, ...(stdout && { stdout }), ...(stderr && { stderr }), readsLog };
    if (readsLog) return daemon;
    serving = daemon;
  }
  return serving;
}

/** A file that both write to is no pipe between them. */
function isOwnStream(files: OpenFiles, link: string): boolean {
  return files.links.get(1) === link || files.links.get(2) === link;
}

/** Inode of the listening socket with that path, in the network namespace of the shim. */
function socketInode(procfs: Procfs, pid: number, address: string, gaps: Gaps): string | undefined {
  const text = gaps.see('unix sockets', () => readFileSync(join(procfs.root, String(pid), 'net/unix'), 'utf8'));
  // Num RefCount Protocol Flags Type St Inode Path; flag 0x10000 is __SO_ACCEPTCON (include/linux/net.h).
  for (const line of text?.split('\n') ?? []) {
    const [, , , flags = '', , , inode, path] = line.trim().split(/\s+/);
    if (path === address && (Number.parseInt(flags, 16) & 0x10000) !== 0) return inode;
  }
  return undefined;
}
