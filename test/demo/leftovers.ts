import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsOf, mountsOf, shimSocketsOf } from '../faults/belongings.ts';
import { type FaultDirectory, openFaultDirectory } from '../faults/fault-directory.ts';
import type { Clone, DemoRun } from './clone.ts';

/** Watches what a demo makes, and says afterwards what is left of it. */
export interface Watch {
  /** Every process, mount, cgroup, socket, network namespace and temporary file that is still there. */
  leftovers(): string[];
}

const CACHES = /^(?:node-compile-cache|v8-compile-cache.*|node-jiti|tsup.*)$/;

/** Begins to watch: what a containerd made can be named only while its directory is there. */
export function watchDemo({ temporary }: Clone, { mark, ended }: DemoRun): Watch {
  const directories = new Map<string, FaultDirectory>();
  const sockets = new Set<string>();
  const networks = new Set<string>();
  const own = networkOf('self');
  const look = () => {
    for (const name of entriesOf(temporary).filter((one) => one.startsWith('kdr-fault-'))) {
      try {
        const at = openFaultDirectory(join(temporary, name));
        directories.set(at.directory, at);
        for (const socket of shimSocketsOf(at)) sockets.add(socket);
        for (const pid of pidsWhere((one) => read(`/proc/${one}/cgroup`).includes(`/${at.namespace}/`))) networks.add(networkOf(pid));
      } catch {
        // Half made, or half removed.
      }
    }
  };
  const timer = setInterval(look, 250);
  void ended.finally(() => clearInterval(timer));
  return {
    leftovers: () => {
      networks.delete(own);
      networks.delete('');
      const namespaces = [...directories.values()].map(({ namespace }) => namespace);
      const isOurs = (pid: string) =>
        read(`/proc/${pid}/environ`).includes(mark) || namespaces.some((one) => read(`/proc/${pid}/cgroup`).includes(`/${one}/`));
      const unix = read('/proc/net/unix').split('\n');
      return [
        ...pidsWhere(isOurs).map((pid) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`),
        ...[...directories.values()].flatMap((at) => [...mountsOf(at), ...cgroupsOf(at)]),
        ...[...sockets].filter((path) => existsSync(path)),
        ...unix.filter((line) => line.includes(temporary) || namespaces.some((one) => line.includes(one))),
        ...pidsWhere((pid) => networks.has(networkOf(pid))).map((pid) => `network namespace of process ${pid}`),
        ...read('/proc/self/mountinfo')
          .split('\n')
          .filter((line) => line.includes(temporary) || [...networks].some((one) => line.includes(one))),
        ...namespaces.map((one) => join('/run/containerd/runc', one)).filter((path) => existsSync(path)),
        ...entriesOf(temporary).filter((name) => !CACHES.test(name)),
      ];
    },
  };
}

function pidsWhere(wanted: (pid: string) => boolean): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && wanted(name));
}

function networkOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
