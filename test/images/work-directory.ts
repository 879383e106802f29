import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { isAlive, readStat } from '../faults/proc.ts';

const PREFIX = '.building-';
const UMOUNT_TIMEOUT_MS = 10_000;

/**
 * Runs `use` with a new directory below `parent`, which is gone afterwards. What a killed process left there before is removed first: the
 * directory's name says whose it is.
 */
export async function withWorkDirectory<T>(parent: string, use: (directory: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true });
  await removeAbandoned(parent);
  const directory = mkdtempSync(join(parent, `${PREFIX}${process.pid}-${readStat(process.pid)?.startTicks ?? 0}-`));
  try {
    return await use(directory);
  } finally {
    await removeWithMounts(directory);
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const [, pid, startTicks] = /^\.building-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive({ pid: Number(pid), startTicks: Number(startTicks) })) continue;
    await removeWithMounts(join(parent, name));
  }
}

/** Buildah's overlay storage mounts itself, and an interrupted mmdebstrap leaves /proc mounted: nothing is removed through a mount. */
async function removeWithMounts(directory: string): Promise<void> {
  for (const mount of mountsBelow(directory).reverse())
    await execa('umount', ['--lazy', mount], { timeout: UMOUNT_TIMEOUT_MS, stdin: 'ignore' });
  rmSync(directory, { recursive: true, force: true });
}

/** Mount points below a directory, in the order in which they were made (proc_pid_mountinfo(5), field 5). */
function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${directory}/`));
}
