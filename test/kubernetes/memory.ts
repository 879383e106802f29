import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listProcesses, readArgv, readProc } from '../faults/proc.ts';

/** What the processes of one container take, in MiB. */
export interface Footprint {
  program: string;
  /** As this machine numbers processes. */
  pid: number;
  anonymous: number;
  /** Proportional share: what several processes map counts in parts. */
  pss: number;
  /** The cgroup's usage without inactive file pages: what the kubelet compares with the limit. */
  workingSet: number;
}

const MIB = 1024 * 1024;
const CGROUPS = '/sys/fs/cgroup/memory';

/** Programs of KDR's images whose processes run in this cgroup of a node, by name and group (`kdr-agent`, `kdr-plugins node`, …). */
export function footprints(cgroupRoot: string): Footprint[] {
  return listProcesses().flatMap(({ pid }) => {
    const [name, group] = /\/app\/(kdr-[a-z]+)\.js(?: --group (\w+))?/.exec(readArgv(pid).join(' '))?.slice(1) ?? [];
    const cgroup = /:memory:(.*)/.exec(readProc(`${pid}/cgroup`) ?? '')?.[1];
    if (name === undefined || cgroup?.startsWith(`${cgroupRoot}/`) !== true) return [];
    const rollup = readProc(`${pid}/smaps_rollup`) ?? '';
    const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1]);
    const program = group === undefined ? name : `${name} ${group}`;
    return [{ program, pid, anonymous: kib('Anonymous') / 1024, pss: kib('Pss') / 1024, workingSet: workingSetOf(cgroup) }];
  });
}

function workingSetOf(cgroup: string): number {
  const read = (file: string) => readFileSync(join(CGROUPS, cgroup, file), 'utf8');
  const inactive = Number(/^total_inactive_file (\d+)/m.exec(read('memory.stat'))?.[1]);
  return (Number(read('memory.usage_in_bytes')) - inactive) / MIB;
}
