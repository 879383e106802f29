import { type Stats, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Procfs } from '@kdr/linux';
import { fifoReader } from './fifo-reader.ts';
import { fileReader } from './file-reader.ts';
import { hasJournal, journalReader } from './journal-reader.ts';
import type { LogReader } from './log-reader.ts';
import type { ShimFacts } from './shim-facts.ts';

/** Readers that will see the dump; or why none will without tracing; or why the shim must not be asked at all now. */
export type DumpSource = { readers: LogReader[] } | { lost: string } | { stuck: string };

/**
 * Attaches to wherever a shim's log goes. v2: a FIFO that containerd copies to its own stderr. v1: the descriptors that it was given, with
 * `-debug` only; since 1.2.7 through FIFOs that containerd copies to its own stdout and stderr (containerd: runtime/v1/shim/client/client.go,
 * runtime/v2/shim.go).
 */
export async function attachToLog(procfs: Procfs, shim: ShimFacts, journalDirectory: string | undefined): Promise<DumpSource> {
  const { daemon, log, identity } = shim;
  const { pid } = identity;
  if (log.fifo && !daemon?.readsLog) {
    return {
      readers: [fifoReader(descriptorOf(procfs, pid, log.fifo.descriptor), `the log FIFO of shim ${pid}, which nobody else reads`)],
    };
  }
  if (shim.api === 'v1' && !shim.debug)
    return { lost: `shim ${pid} is of API v1 and was started without -debug: containerd throws its log away` };
  if (daemon?.readsLog) {
    const stuck = whyStuck(procfs, shim);
    if (stuck !== undefined) return { stuck };
    return streams(procfs, [daemon.identity.pid], daemon.identity.pid, `containerd (${daemon.identity.pid})`, journalDirectory);
  }
  const writers = [pid, ...(daemon ? [daemon.identity.pid] : [])];
  return streams(procfs, writers, pid, `shim ${pid}`, journalDirectory);
}

/** Without its reader a dump fills the pipe, and the shim's logger waits with its lock held: a diagnosis must not freeze a healthy shim. */
export function whyStuck(procfs: Procfs, { daemon }: ShimFacts): string | undefined {
  if (!daemon?.readsLog) return undefined;
  const reader = daemon.identity.pid;
  const state = procfs.stat(reader)?.state;
  if (state === undefined || state === 'R' || state === 'S') return undefined;
  return `containerd (${reader}), which reads the shim's log, is in state ${state}`;
}

/** Follows descriptors 1 and 2 of a process. */
async function streams(
  procfs: Procfs,
  writers: readonly number[],
  pid: number,
  who: string,
  journalDirectory: string | undefined,
): Promise<DumpSource> {
  const readers = new Map<string, LogReader>();
  const blind = new Set<string>();
  for (const descriptor of [2, 1]) {
    const path = descriptorOf(procfs, pid, descriptor);
    const file = look(path);
    if (file === undefined || readers.has(file.link)) continue;
    if (file.stats.isFile()) readers.set(file.link, await fileReader(path, `the log of ${who}, ${file.link}`));
    else if (file.stats.isSocket() && (await hasJournal())) readers.set('journal', journalReader(writers, journalDirectory));
    else blind.add(file.link);
  }
  if (readers.size > 0) return { readers: [...readers.values()] };
  return { lost: `the log of ${who} goes to ${[...blind].join(' and ') || 'nowhere'}, which can't be read here` };
}

function descriptorOf(procfs: Procfs, pid: number, descriptor: number): string {
  return join(procfs.root, String(pid), 'fd', String(descriptor));
}

function look(path: string): { link: string; stats: Stats } | undefined {
  try {
    return { link: readlinkSync(path), stats: statSync(path) };
  } catch {
    // Closed, or not ours to see: then there is nothing to follow.
    return undefined;
  }
}
