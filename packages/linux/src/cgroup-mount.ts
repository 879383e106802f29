import { join } from 'node:path';
import { readBounded } from './bounded-read.ts';
import type { CgroupMembership } from './cgroup-membership.ts';
import { readOrAbsent } from './proc-error.ts';

/** One mounted cgroup hierarchy. On a hybrid machine v2 is mounted beside the v1 ones (often at `/sys/fs/cgroup/unified`). */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Controllers of a v1 hierarchy, or `name=…` for a named one; empty for v2. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** The cgroup that is shown at the mount point. */
  readonly root: string;
}

const flags = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix', 'cpuset_v2_mode', 'favordynmods', 'release_agent']);

/** Parses cgroup mounts from the text of `/proc/PID/mountinfo` (proc(5)). */
export function parseCgroupMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split('\n')) {
    const [before = '', after] = line.split(' - ', 2);
    const [type = '', , options = ''] = after?.split(' ') ?? [];
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const [, , , root = '', mountPoint = ''] = before.split(' ');
    const controllers = type === 'cgroup2' ? [] : options.split(',').filter((option) => !flags.has(option.split('=', 1)[0] ?? ''));
    mounts.push({ version: type === 'cgroup2' ? 2 : 1, controllers, mountPoint: unescape(mountPoint), root: unescape(root) });
  }
  return mounts;
}

/** The cgroup mounts that a process sees, `self` by default. Empty for an absent process. */
export function readCgroupMounts(procRoot = '/proc', pid: number | 'self' = 'self'): CgroupMount[] {
  const path = join(procRoot, String(pid), 'mountinfo');
  return parseCgroupMounts(readOrAbsent(path, () => readBounded(path, 16 * 1024 * 1024).bytes.toString('utf8')) ?? '');
}

/**
 * The directory of a membership's cgroup under the mounts, or `undefined` if its hierarchy, or that part of it, is not mounted.
 *
 * Both the mount's root and the membership's path are relative to the reader's cgroup namespace (cgroup_namespaces(7)) and may climb out of it (`/../x`).
 * They are compared as texts: the names of what was climbed over are not known, so what would need them has no directory.
 */
export function cgroupDirectory(mounts: readonly CgroupMount[], membership: CgroupMembership): string | undefined {
  for (const mount of mounts) {
    if (mount.version !== membership.version || !sameControllers(mount.controllers, membership.controllers)) continue;
    const inside = below(mount.root, membership.path);
    if (inside !== undefined) return join(mount.mountPoint, inside);
  }
  return undefined;
}

function below(root: string, path: string): string | undefined {
  const prefix = root === '/' ? '' : root;
  if (path !== root && !path.startsWith(`${prefix}/`)) return undefined;
  const inside = path === root ? '' : path.slice(prefix.length);
  return inside.split('/').includes('..') ? undefined : inside;
}

function sameControllers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((controller) => b.includes(controller));
}

/** mountinfo writes space, tab, line end and backslash as three octal digits. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
