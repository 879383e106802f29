import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { BoundedBytes } from './bounded-read.ts';
import { ProcError } from './proc-error.ts';

/** Reads files whose read may wait for a lock that the observed process holds. */
export type BlockingReader = (path: string, limit: number) => Promise<BoundedBytes>;

/** How such reads are bounded. */
export interface BlockingReaderOptions {
  /** Milliseconds after which a read is given up. */
  readonly timeoutMs: number;
  /** Reads that may hang at once. Each one occupies a thread of libuv's pool (4 by default) until the kernel lets go of it. */
  readonly maxStuck: number;
}

/**
 * `/proc/PID/cmdline` takes the process' mmap lock and `/proc/PID/stack` its exec lock. On a sick node a thread in state D may
 * hold them for ever, and then the reader hangs too (the well-known hanging `ps`). So these reads run in the thread pool,
 * are given up after a time, and stop being tried while too many threads of the pool hang.
 *
 * Throws {@link ProcError} `KDR_PROC_BLOCKED` in both cases.
 */
export function createBlockingReader(options: BlockingReaderOptions): BlockingReader {
  let pending = 0;
  return async (path, limit) => {
    if (pending >= options.maxStuck) {
      throw new ProcError('KDR_PROC_BLOCKED', path, `${path} was not read: ${pending} earlier reads of other processes have not returned`);
    }
    const expired = new AbortController();
    pending += 1;
    const read = readAsync(path, limit).finally(() => (pending -= 1));
    try {
      return await Promise.race([read, expiry(path, options.timeoutMs, expired.signal)]);
    } finally {
      expired.abort();
      read.catch(() => {}); // a read that ends after we gave up has nobody to tell
    }
  };
}

async function expiry(path: string, timeoutMs: number, signal: AbortSignal): Promise<never> {
  await delay(timeoutMs, undefined, { signal });
  throw new ProcError(
    'KDR_PROC_BLOCKED',
    path,
    `${path} could not be read within ${timeoutMs} ms: the process holds the lock that the read needs`,
  );
}

async function readAsync(path: string, limit: number): Promise<BoundedBytes> {
  const file = await open(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(4096, limit + 1 - total)));
      chunks.push(buffer.subarray(0, bytesRead));
      total += bytesRead;
      if (bytesRead === 0 || total > limit) break;
    }
    return { bytes: Buffer.concat(chunks).subarray(0, limit), truncated: total > limit };
  } finally {
    await file.close();
  }
}
