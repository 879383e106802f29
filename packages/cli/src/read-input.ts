import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { KdrError } from '@kdr/api-types';

/** What the parser reads of a longer text: its end, where the newest is (`maxCharacters` of @kdr/goroutine-dump). */
const KEPT_BYTES = 64 * 1024 * 1024;
/** An input that has no size and does not end (a device, a running command) is given up after this. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** How much may be read; tests give less. */
export interface InputBounds {
  keptBytes: number;
  mostBytes: number;
}

/**
 * Reads the end of a file, or of standard input where it is `-`. Holds `keptBytes` at most, however large the input is.
 * @throws KdrError KDR_UNREADABLE where it can't be opened or read, or does not end within `mostBytes`.
 */
export async function readInput(
  file: string,
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
  { keptBytes, mostBytes }: InputBounds = { keptBytes: KEPT_BYTES, mostBytes: MOST_BYTES },
): Promise<string> {
  try {
    const input = file === '-' ? stdin : createReadStream(file, { ...(await startOf(file, keptBytes)), signal });
    const chunks: Buffer[] = [];
    let kept = 0;
    let read = 0;
    for await (const chunk of input) {
      const bytes = Buffer.from(chunk as Buffer | string);
      chunks.push(bytes);
      kept += bytes.length;
      read += bytes.length;
      if (read > mostBytes) throw new Error(`it does not end within ${mostBytes} bytes`);
      while (kept - (chunks[0]?.length ?? 0) >= keptBytes) kept -= chunks.shift()?.length ?? 0;
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (cause) {
    throw new KdrError('KDR_UNREADABLE', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/** Only a large file has a place to start at: pipes (`<(command)`) have none, and files of /proc say that they have size 0. */
async function startOf(file: string, keptBytes: number): Promise<{ start?: number }> {
  const found = await stat(file);
  return found.isFile() && found.size > keptBytes ? { start: found.size - keptBytes } : {};
}
