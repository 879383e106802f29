import type { CgroupMembership } from './cgroup-membership.ts';

/** The runtime that the name of a cgroup gives away; `unknown` where several runtimes use the same name. */
export type ContainerRuntime = 'containerd' | 'docker' | 'cri-o' | 'podman' | 'unknown';

/** The container or pod that a process belongs to, as far as its cgroup tells. */
export interface CgroupContainer {
  readonly runtime: ContainerRuntime;
  /** Absent for a process that stands in the pod's own cgroup. */
  readonly containerId?: string;
  /** UID of the pod with dashes, as in the API. Static pods have 32 hex digits without. */
  readonly podUid?: string;
  /** containerd namespace, for containers made without Kubernetes. */
  readonly namespace?: string;
  /** How the cgroup was made: by systemd (`.slice`, `.scope`) or as plain directories. */
  readonly driver: 'systemd' | 'cgroupfs';
  /** The container's own cgroup (or the pod's), without what the container made below it. */
  readonly path: string;
}

/**
 * Finds the innermost container in the memberships of one process.
 *
 * Shapes (kubernetes pkg/kubelet/cm/cgroup_manager_linux.go, containerd internal/cri `getCgroupsPath`, runc, cri-o, podman) are looked for from the tail:
 * the node itself may be nested (kind), have a `--cgroup-root`, or be seen from another cgroup namespace, and a container may
 * make cgroups of its own. Returns `undefined` when nothing says "container".
 */
export function findCgroupContainer(memberships: readonly CgroupMembership[]): CgroupContainer | undefined {
  const paths = new Set(memberships.toSorted((a, b) => b.version - a.version).map((membership) => membership.path));
  for (const path of paths) {
    const found = containerOfPath(path);
    if (found) return found;
  }
  return plainContainerdContainer(memberships);
}

/** As {@link findCgroupContainer}, for one path; knows every shape but containerd's plain `/<namespace>/<id>`. */
export function containerOfPath(path: string): CgroupContainer | undefined {
  const segments = path.split('/');
  for (let end = segments.length - 1; end > 0; end -= 1) {
    const own = segments[end] ?? '';
    const parent = segments[end - 1] ?? '';
    const found = scopeContainer(own, parent) ?? mismatchedContainer(own) ?? directoryContainer(own, parent) ?? podCgroup(own, parent);
    if (found) return { ...found, path: segments.slice(0, end + 1).join('/') };
  }
  return undefined;
}

type Found = Omit<CgroupContainer, 'path'>;

const runtimeOfPrefix: Readonly<Record<string, ContainerRuntime>> = {
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  docker: 'docker',
  crio: 'cri-o',
  libpod: 'podman',
};

function runtimeOf(prefix: string): ContainerRuntime {
  return Object.hasOwn(runtimeOfPrefix, prefix) ? (runtimeOfPrefix[prefix] ?? 'unknown') : 'unknown';
}

/** systemd: `cri-containerd-<id>.scope`, `docker-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`. */
function scopeContainer(own: string, parent: string): Found | undefined {
  const [, prefix = '', containerId = ''] = /^(.+)-([0-9a-f]{64})\.scope$/.exec(own) ?? [];
  // conmon watches a container of CRI-O or podman from outside of it.
  if (containerId === '' || prefix.endsWith('conmon')) return undefined;
  return { runtime: runtimeOf(prefix), containerId, podUid: podUidOfSlice(parent), driver: 'systemd' };
}

/** The kubelet names for systemd but containerd makes plain directories: `kubepods-…-pod<uid>.slice:cri-containerd:<id>` is one directory. */
function mismatchedContainer(own: string): Found | undefined {
  const [, slice = '', prefix = '', containerId = ''] = /^(.+\.slice):([^:]+):([0-9a-f]{64})$/.exec(own) ?? [];
  if (containerId === '') return undefined;
  return { runtime: runtimeOf(prefix), containerId, podUid: podUidOfSlice(slice), driver: 'cgroupfs' };
}

/** cgroupfs: `pod<uid>/<id>`, `pod<uid>/crio-<id>`, `docker/<id>`, `libpod_parent/libpod-<id>`, or 64 hex digits below some `--cgroup-parent`. */
function directoryContainer(own: string, parent: string): Found | undefined {
  const [, prefix = '', containerId = ''] = /^(?:(crio|libpod)-)?([0-9a-f]{64})$/.exec(own) ?? [];
  if (containerId === '') return undefined;
  const podUid = podUidOfDirectory(parent);
  if (podUid === undefined && parent === 'docker') return { runtime: 'docker', containerId, driver: 'cgroupfs' };
  if (podUid === undefined && containerdNamespaces.has(parent))
    return { runtime: 'containerd', containerId, namespace: parent, driver: 'cgroupfs' };
  return { runtime: runtimeOf(prefix), containerId, podUid, driver: 'cgroupfs' };
}

/** The pod's own cgroup. */
function podCgroup(own: string, parent: string): Found | undefined {
  const bySlice = podUidOfSlice(own);
  if (bySlice !== undefined) return { runtime: 'unknown', podUid: bySlice, driver: 'systemd' };
  const byDirectory = /^(kubepods|burstable|besteffort)$/.test(parent) ? podUidOfDirectory(own) : undefined;
  return byDirectory === undefined ? undefined : { runtime: 'unknown', podUid: byDirectory, driver: 'cgroupfs' };
}

const uid = '[0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12}';
const sliceOfPod = new RegExp(`^(?:.+-)?kubepods(?:-burstable|-besteffort)?-pod(${uid})\\.slice$`, 'i');
const directoryOfPod = new RegExp(`^pod(${uid})$`, 'i');

/** `kubepods-burstable-pod<uid>.slice`: systemd reads `-` as a level, so the kubelet writes `_` (ConvertCgroupNameToSystemd). */
function podUidOfSlice(segment: string): string | undefined {
  return sliceOfPod.exec(segment)?.[1]?.replaceAll('_', '-');
}

function podUidOfDirectory(segment: string): string | undefined {
  return directoryOfPod.exec(segment)?.[1];
}

const containerdNamespaces = new Set(['default', 'k8s.io', 'moby']);
// containerd pkg/identifiers: what a namespace or an id may look like.
const containerdName = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const otherOwners = /^(?:kubepods|lxc|machine|libpod_parent|docker|init|system|user)\b|\.(?:slice|service|scope|mount|socket|swap)$/;

/**
 * containerd's default for containers made by `ctr` or its API: `/<namespace>/<id>`, with any id.
 *
 * Any two directories look like that, so more is asked for: exactly two levels, no name that is another owner's, and the same path in every
 * v1 hierarchy, since runc joins all of them (a process moved by hand usually stands in one). The kernel moves a zombie to `/` in all of v1 but leaves
 * it where it was in v2. The runtime is `unknown` unless the namespace is one that containerd's own clients use.
 */
function plainContainerdContainer(memberships: readonly CgroupMembership[]): CgroupContainer | undefined {
  const pathsOf = (version: 1 | 2): Set<string> => new Set(memberships.filter((one) => one.version === version).map((one) => one.path));
  const v1 = pathsOf(1);
  const [path = '', ...others] = v1.size === 0 || (v1.size === 1 && v1.has('/')) ? pathsOf(2) : v1;
  const [root, namespace = '', containerId = '', ...deeper] = path.split('/');
  if (others.length > 0 || root !== '' || deeper.length > 0) return undefined;
  if (!containerdName.test(namespace) || !containerdName.test(containerId)) return undefined;
  if (otherOwners.test(namespace) || otherOwners.test(containerId)) return undefined;
  return { runtime: containerdNamespaces.has(namespace) ? 'containerd' : 'unknown', containerId, namespace, driver: 'cgroupfs', path };
}
