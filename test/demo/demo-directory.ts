import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcfs } from '@kdr/linux';

const PREFIX = 'kdr-demo-';
const NAME = /^kdr-demo-([0-9a-z]+)-([0-9a-z]+)-\w{6}$/;
/** `kdr up` ends by itself when the demo is gone; its own children may take 8 s. */
const ENDS_WITHIN_MS = 20_000;
const procfs = createProcfs();

/** A state directory whose name says which process made it, so that the next demo knows whether it was left behind. Short: sockets live in it. */
export function makeDemoDirectory(): string {
  const startTicks = procfs.stat(process.pid)?.startTicks ?? '0';
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid.toString(36)}-${Number(startTicks).toString(36)}-`));
}

/** Removes the directories of demos of this user that were killed, and waits for their `kdr up` to end. Returns them. */
export async function removeAbandonedDirectories(): Promise<string[]> {
  const abandoned = readdirSync(tmpdir())
    .filter(isAbandoned)
    .map((name) => join(tmpdir(), name));
  for (const directory of abandoned) {
    for (const until = Date.now() + ENDS_WITHIN_MS; platformsOf(directory).length > 0 && Date.now() < until;) await sleep(100);
    const left = platformsOf(directory);
    if (left.length > 0) throw new Error(`kdr up of a killed demo still runs (pid ${left.join(', ')}) in ${directory}: end it`);
    rmSync(directory, { recursive: true, force: true });
  }
  return abandoned;
}

function isAbandoned(name: string): boolean {
  const [, pid, startTicks] = NAME.exec(name) ?? [];
  if (pid === undefined || startTicks === undefined) return false;
  if (lstatSync(join(tmpdir(), name), { throwIfNoEntry: false })?.uid !== process.getuid?.()) return false;
  return Number(procfs.stat(parseInt(pid, 36))?.startTicks) !== parseInt(startTicks, 36);
}

/** Processes that were told to keep their state in this directory. */
function platformsOf(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && argvOf(pid).includes(directory));
}

function argvOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
