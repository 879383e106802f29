import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes of one kernel file, at most as many as were asked for. */
export interface BoundedBytes {
  readonly bytes: Buffer;
  /** There was more than the limit; the rest was not read. */
  readonly truncated: boolean;
}

/**
 * Reads at most `limit` bytes of a file without trusting its size (files of procfs say 0).
 *
 * Synchronous on purpose: these files are made in memory by the kernel in microseconds, and a trip through the thread pool
 * costs more than the read. What may wait for a lock of the observed process goes through `createBlockingReader`.
 */
export function readBounded(path: string, limit: number): BoundedBytes {
  const fd = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    for (;;) {
      // One byte more than the limit tells "exactly full" from "more".
      const chunk = Buffer.allocUnsafe(Math.min(4096, limit + 1 - total));
      const count = readSync(fd, chunk, 0, chunk.length, null);
      if (count > 0) chunks.push(chunk.subarray(0, count));
      total += count;
      if (count === 0 || total > limit) break;
    }
    const bytes = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    return { bytes: bytes.subarray(0, limit), truncated: total > limit };
  } finally {
    closeSync(fd);
  }
}
