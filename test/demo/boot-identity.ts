import { readFileSync } from 'node:fs';

/** An identity that holds beyond this boot. */
export function bootIdentity({ pid, startTicks }: { pid: number; startTicks: string }) {
  return { pid, startTicks, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
}
