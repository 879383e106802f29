import { type FileHandle, open } from 'node:fs/promises';
import { type LogReader, MAX_LOG_BYTES } from './log-reader.ts';

/**
 * Follows a regular file that some process has open, through that descriptor: a log that was renamed by a rotation is still the one that is
 * written to, and no path has to be visible here. A file that was truncated (copytruncate) is read from its new beginning.
 */
export async function fileReader(descriptorPath: string, where: string): Promise<LogReader> {
  const file = await open(descriptorPath, 'r');
  let offset = (await file.stat()).size;
  const parts: Buffer[] = [];
  let bytes = 0;
  return {
    where,
    exclusive: false,
    async read() {
      const { size } = await file.stat();
      if (size < offset) offset = 0;
      const part = await readPart(file, offset, Math.min(size - offset, MAX_LOG_BYTES - bytes));
      offset += part.length;
      bytes += part.length;
      if (part.length > 0) parts.push(part);
      return Buffer.concat(parts).toString('utf8');
    },
    close: () => file.close(),
  };
}

async function readPart(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, length));
  let read = 0;
  while (read < buffer.length) {
    const { bytesRead } = await file.read(buffer, read, buffer.length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}
