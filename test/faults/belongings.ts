import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FaultDirectory } from './fault-directory.ts';
import { listProcesses, readArgv, readExe, readProc, type ProcessStat } from './proc.ts';

/** The running processes of one fault directory, by what they are. Nothing else on the machine is in any of these lists. */
export interface Belongings {
  readonly containerds: ProcessStat[];
  readonly shims: ProcessStat[];
  /** `ctr` and `containerd publish`: clients of our socket. */
  readonly clients: ProcessStat[];
  /** Processes in a cgroup of our namespace, and runc working on it. */
  readonly contained: ProcessStat[];
}

/** Finds them by what /proc says about each: an argument that is exactly our socket or config file, a cgroup below our namespace. */
export function belongingsOf(at: FaultDirectory): Belongings {
  const found: Belongings = { containerds: [], shims: [], clients: [], contained: [] };
  for (const process of listProcesses()) {
    if (process.state === 'Z' || process.pid === globalThis.process.pid) continue;
    kindOf(process.pid, at, found)?.push(process);
  }
  return found;
}

function kindOf(pid: number, at: FaultDirectory, found: Belongings): ProcessStat[] | undefined {
  const argv = readArgv(pid);
  const program = basename(readExe(pid) ?? '');
  if (program.startsWith('containerd-shim') && argv.includes(at.socket) && argv.includes(at.namespace)) return found.shims;
  if (program === 'containerd' && argv.includes(at.config)) return found.containerds;
  if ((program === 'ctr' || program === 'containerd') && argv.includes(at.socket)) return found.clients;
  if (program === 'runc' && argv.includes(runcRoot(at))) return found.contained;
  if (readProc(`${pid}/cgroup`)?.includes(`/${at.namespace}/`)) return found.contained;
  return undefined;
}

/** Where runc keeps what it knows about our containers: fixed in all of containerd's shims (`/run/containerd/runc/<namespace>`). */
export function runcRoot(at: FaultDirectory): string {
  return join('/run/containerd/runc', at.namespace);
}

/** Sockets of our shims on disk (`/run/containerd/s/<hash>`): those noted at each start, and those that the bundles' `address` files name. */
export function shimSocketsOf(at: FaultDirectory): string[] {
  const noted = existsSync(at.shimSockets) ? readFileSync(at.shimSockets, 'utf8').split('\n').filter(isShimSocket) : [];
  return [...noted, ...bundlesOf(at).flatMap(shimSocketOf)];
}

/** The socket on disk that a bundle's shim listens on; none for an abstract one. */
export function shimSocketOf(bundle: string): string[] {
  const file = join(bundle, 'address');
  const address = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return [address.replace(/^unix:\/\//, '')].filter(isShimSocket);
}

function isShimSocket(path: string): boolean {
  return /^\/run\/containerd\/s\/[0-9a-f]{64}$/.test(path);
}

/** Bundle directories of our containers that containerd has not cleaned up. */
export function bundlesOf(at: FaultDirectory): string[] {
  return entries(at.state).flatMap((runtime) => {
    const ours = join(runtime, at.namespace);
    return existsSync(ours) ? entries(ours) : [];
  });
}

/** Cgroup directories of our namespace in every hierarchy, children first. */
export function cgroupsOf(at: FaultDirectory): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, mount]) => join(mount ?? '', at.namespace))
    .filter((directory) => existsSync(directory))
    .flatMap(childrenFirst);
}

/** Mounts at or below the directory, the last first. */
export function mountsOf(at: FaultDirectory): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${at.directory}/`))
    .reverse();
}

function childrenFirst(directory: string): string[] {
  const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((entry) => childrenFirst(join(directory, entry.name))), directory];
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}
