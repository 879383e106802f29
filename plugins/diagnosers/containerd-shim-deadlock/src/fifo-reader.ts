import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type LogReader, MAX_LOG_BYTES } from './log-reader.ts';

const CHUNK = 64 * 1024;

/**
 * Drains a shim's log FIFO where nobody else does: a second reader would take random pieces away from the first. What lay in it before goes to
 * the text, too; without a reader it would have been lost.
 */
export function fifoReader(descriptorPath: string, where: string): LogReader {
  const fd = openSync(descriptorPath, constants.O_RDONLY | constants.O_NONBLOCK);
  const parts: Buffer[] = [];
  let bytes = 0;
  return {
    where,
    exclusive: true,
    read() {
      for (let part = readChunk(fd); part !== undefined && bytes < MAX_LOG_BYTES; part = readChunk(fd)) {
        parts.push(part);
        bytes += part.length;
      }
      return Promise.resolve(Buffer.concat(parts).toString('utf8'));
    },
    close: () => Promise.resolve(closeSync(fd)),
  };
}

/** `undefined` when there is nothing to be read now, or nobody has it open for writing. */
function readChunk(fd: number): Buffer | undefined {
  const buffer = Buffer.allocUnsafe(CHUNK);
  try {
    const count = readSync(fd, buffer, 0, CHUNK, null);
    return count === 0 ? undefined : buffer.subarray(0, count);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
