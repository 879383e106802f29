import { readFileSync } from 'node:fs';

/** An identity that holds beyond this boot. */
export function bootIdentity({ pid, startTicks }: { pid: number; startTicks: number }) {
  return { pid, startTicks: String(startTicks), bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
}
