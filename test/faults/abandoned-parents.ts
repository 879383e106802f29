import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFaultsConfig } from './config.ts';
import { isAlive, readStat, type ProcessIdentity } from './proc.ts';
import { endProcess } from './process-end.ts';

const PREFIX = 'kdr-zombies-';
const NOTE = 'parent.json';

/** A directory for one non-reaping parent. */
export function makeParentDirectory(): string {
  return mkdtempSync(join(readFaultsConfig().temporaryDirectory, PREFIX));
}

/** Writes down who made which parent, so that a later run can end it when the maker was killed. */
export function noteParent(directory: string, parent: ProcessIdentity): void {
  const maker = { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 };
  writeFileSync(join(directory, NOTE), JSON.stringify({ maker, parent }));
}

/** Ends the parents of this user whose maker has died without doing it; returns their directories. */
export async function endAbandonedParents(): Promise<string[]> {
  const { temporaryDirectory } = readFaultsConfig();
  const ended: string[] = [];
  for (const name of readdirSync(temporaryDirectory).filter((one) => one.startsWith(PREFIX))) {
    const directory = join(temporaryDirectory, name);
    const note = readNote(directory);
    if (note === undefined || isAlive(note.maker)) continue;
    await endProcess(note.parent, 0);
    rmSync(directory, { recursive: true, force: true });
    ended.push(directory);
  }
  return ended;
}

/** Anybody may write to the temporary directory: only a note of our own says what to end. */
function readNote(directory: string): { maker: ProcessIdentity; parent: ProcessIdentity } | undefined {
  try {
    const file = join(directory, NOTE);
    if (lstatSync(file).uid !== process.getuid?.()) return undefined;
    return JSON.parse(readFileSync(file, 'utf8')) as { maker: ProcessIdentity; parent: ProcessIdentity };
  } catch {
    // None yet, or not ours to read.
    return undefined;
  }
}
