/** One line of `/proc/PID/cgroup` (cgroups(7)): where the process stands in one hierarchy. */
export interface CgroupMembership {
  /** 0 for cgroup v2. */
  readonly hierarchyId: number;
  readonly version: 1 | 2;
  /** Controllers of a v1 hierarchy, or `name=systemd` for a named one; empty for v2. */
  readonly controllers: readonly string[];
  /** As the kernel prints it, relative to the reader's cgroup namespace (`/../x` is outside of it). */
  readonly path: string;
  /** The cgroup was removed while the process is still known (a zombie on v2). */
  readonly deleted: boolean;
}

const deletedMark = ' (deleted)';

/** Parses the text of `/proc/PID/cgroup`: v1, v2 or both at once. Lines of another shape are passed over. */
export function parseCgroupMemberships(text: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = [];
  for (const line of text.split('\n')) {
    // A path may hold colons (driver mismatch: `…slice:cri-containerd:<id>`), the first two fields may not.
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (!match) continue;
    const [, id = '', controllers = '', path = ''] = match;
    const deleted = path.endsWith(deletedMark);
    memberships.push({
      hierarchyId: Number(id),
      version: id === '0' && controllers === '' ? 2 : 1,
      controllers: controllers === '' ? [] : controllers.split(','),
      path: deleted ? path.slice(0, -deletedMark.length) : path,
      deleted,
    });
  }
  return memberships;
}
