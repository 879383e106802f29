import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { ShimContainer } from './shim-container.ts';
import { signalExactly } from './process-end.ts';
import { becomesTrue } from './waiting.ts';

/** The line that containerd's log got for one SIGUSR1, as logged; undefined when none came within `timeoutMs`. */
export async function dumpOf(container: ShimContainer, timeoutMs = 5000): Promise<string | undefined> {
  const { log } = container.containerd;
  const from = statSync(log).size;
  const ofThisShim = new RegExp(`^time=.*BEGIN goroutine stack dump.*END goroutine stack dump.* pid=${container.shimPid}$`, 'm');
  let line: string | undefined;
  signalExactly(container.shimIdentity, 'SIGUSR1');
  await becomesTrue(() => (line = ofThisShim.exec(readFrom(log, from))?.[0]) !== undefined, timeoutMs);
  return line;
}

/**
 * True when a dump line (escaped, as in containerd's log) shows the deadlock's centre: the main goroutine blocked in a channel send of Reap, and
 * another one in the Monitor that holds back the reader. A test's own, simple reading, kept apart from @kdr/goroutine-dump on purpose.
 */
export function showsDeadlock(line: string): boolean {
  const goroutines = line.split(String.raw`\n\n`);
  const reap = goroutines.some((text) => /goroutine 1 \[chan send[^\]]*\]/.test(text) && /\/runtime\/v[12]\/shim\.Reap\(/.test(text));
  const partner = goroutines.some((text) => /\.\(\*Monitor\)\.(Wait|Subscribe|Unsubscribe)\(/.test(text) && !text.includes('[running]'));
  return reap && partner;
}

function readFrom(file: string, from: number): string {
  const bytes = Buffer.alloc(Math.max(0, statSync(file).size - from));
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, bytes, 0, bytes.length, from);
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString('utf8');
}
