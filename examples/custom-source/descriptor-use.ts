import { readFileSync, readdirSync } from 'node:fs';

/** One process and how many of its descriptors it uses. */
export interface DescriptorUse {
  pid: number;
  used: number;
  /** The soft limit (getrlimit(2), RLIMIT_NOFILE). */
  limit: number;
}

function useOf(pid: number): DescriptorUse | undefined {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    return { pid, used: readdirSync(`/proc/${pid}/fd`).length, limit: Number(soft ?? Infinity) };
  } catch {
    return undefined; // it has ended, or is another user's
  }
}

/** Every process that this user may see and that uses at least this share of its descriptors. */
export function processesAbove(ratio: number): DescriptorUse[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => useOf(Number(name)))
    .filter((use) => use !== undefined)
    .filter(({ used, limit }) => used >= ratio * limit);
}
