import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Reads /proc on its own instead of through @kdr/linux: the faults are the measure by which that package is tested too.

/** One process at one moment. `startTicks` (field 22 of /proc/PID/stat) with the pid is its identity. CPU time is in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly parentPid: number;
  readonly cpuTicks: number;
  readonly startTicks: number;
}

/** A process that cannot be mistaken for a later one with the same number. */
export type ProcessIdentity = Pick<ProcessStat, 'pid' | 'startTicks'>;

/** Reads a file of /proc; undefined when the process is gone or not ours to read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** /proc/PID/stat as an object (proc_pid_stat(5)); undefined when there is no such process. */
export function readStat(pid: number | string): ProcessStat | undefined {
  const text = readProc(`${pid}/stat`);
  if (text === undefined) return undefined;
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? '?',
    parentPid: Number(fields[1]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks: Number(fields[19]),
  };
}

/** All processes of this pid namespace. */
export function listProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(name) ?? []);
}

/** Direct children, zombies included. */
export function childrenOf(pid: number): ProcessStat[] {
  return listProcesses().filter((process) => process.parentPid === pid);
}

/** Direct children that are dead and not waited for. */
export function zombiesOf(pid: number): ProcessStat[] {
  return childrenOf(pid).filter((process) => process.state === 'Z');
}

/** The argument vector; empty for a zombie, a kernel thread or a process that is gone. */
export function readArgv(pid: number): string[] {
  return readProc(`${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [];
}

/** The path of the executable; undefined when it cannot be read. */
export function readExe(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** True as long as exactly this process exists and is not a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  return stat !== undefined && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** State letter and kernel wait channel (empty when running) of every thread. */
export function readThreads(pid: number): { state: string; waitsIn: string }[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const stat = readStat(`${pid}/task/${name}`);
    return stat === undefined ? [] : [{ state: stat.state, waitsIn: readProc(`${pid}/task/${name}/wchan`) ?? '' }];
  });
}
