import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunDirectory } from './run-directory.ts';

/** The cgroup below which the kubelet of a node puts its pods, in every hierarchy. */
export function cgroupRootOf(at: RunDirectory, node: string): string {
  return `/${prefixOf(at)}${node}`;
}

/** Makes it, since the kubelet wants it to be there (its flag --cgroup-root). */
export function makeCgroupRoot(root: string): void {
  for (const hierarchy of hierarchies()) {
    const directory = join(hierarchy, root);
    mkdirSync(directory, { recursive: true });
    // A new cpuset of v1 is empty, and no process may enter it (cgroup-v1/cpusets).
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(directory, file))) writeFileSync(join(directory, file), readFileSync(join(hierarchy, file)));
  }
}

/** Every cgroup directory of a cluster, children first. */
export function cgroupsOf(at: RunDirectory): string[] {
  return hierarchies().flatMap((hierarchy) =>
    readdirSync(hierarchy)
      .filter((name) => name.startsWith(prefixOf(at)))
      .flatMap((name) => childrenFirst(join(hierarchy, name))),
  );
}

/** Removes those that are empty of processes. */
export function removeCgroups(at: RunDirectory): void {
  for (const directory of cgroupsOf(at)) {
    try {
      rmdirSync(directory);
    } catch {
      // Busy, or gone meanwhile: the caller looks again.
    }
  }
}

/** Processes in cgroups of a cluster. */
export function processesInCgroups(at: RunDirectory): number[] {
  const pids = cgroupsOf(at).flatMap((directory) => {
    try {
      return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return [...new Set(pids)].filter((pid) => pid > 1);
}

/** A cluster's name has no dash, so that no cluster's prefix begins another's. */
function prefixOf(at: RunDirectory): string {
  return `kdr-${at.name}-`;
}

function hierarchies(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, mount]) => mount ?? '');
}

function childrenFirst(directory: string): string[] {
  let children: string[];
  try {
    children = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
  return [...children.flatMap((name) => childrenFirst(join(directory, name))), directory];
}
