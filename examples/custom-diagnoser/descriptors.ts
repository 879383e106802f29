import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The open descriptors of one process. */
export interface Descriptors {
  used: number;
  /** The soft limit: at this number open() fails with EMFILE (getrlimit(2), RLIMIT_NOFILE). */
  limit: number;
  /** What they lead to, the most frequent first. */
  targets: { target: string; count: number }[];
}

/** `socket:[4026]` and `socket:[4027]` are two of a kind. */
const kindOf = (target: string) => target.replace(/:\[\d+\]$/, '');

/**
 * Reads /proc/PID/fd and /proc/PID/limits.
 * @returns undefined where there is no such process. @throws Error EACCES where this user may not see it (another user's, without CAP_SYS_PTRACE).
 */
export function readDescriptors(pid: number): Descriptors | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    const numbers = readdirSync(`/proc/${pid}/fd`);
    const counts = new Map<string, number>();
    for (const number of numbers) {
      const target = targetOf(`/proc/${pid}/fd/${number}`);
      if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + 1);
    }
    const targets = [...counts].map(([target, count]) => ({ target, count })).sort((a, b) => b.count - a.count);
    return { used: numbers.length, limit: Number(soft ?? Infinity), targets };
  } catch (error) {
    // ESRCH: it ended between open() and read().
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function targetOf(link: string): string | undefined {
  try {
    return kindOf(readlinkSync(link));
  } catch {
    return undefined; // closed since the directory was read
  }
}
