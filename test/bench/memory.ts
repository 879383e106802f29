import { readFileSync, readdirSync } from 'node:fs';

const field = (text: string, name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;

/** MiB of one process from /proc/PID/smaps_rollup (proc_pid_smaps(5)): Pss shares the shared pages fairly, Anonymous is its own. */
export function memoryOf(pid: number): { pss: number; anonymous: number; rss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { pss: field(text, 'Pss'), anonymous: field(text, 'Anonymous'), rss: field(text, 'Rss') };
}

/** A process and everything below it. */
export function processAndDescendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
  return [pid, ...children.flatMap(processAndDescendants)];
}

/** CPU milliseconds (user and system) that a process has used. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
