import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBlockingReader } from './blocking-reader.ts';
import { eventually } from './testing/eventually.ts';

describe('createBlockingReader', () => {
  let directory = '';
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'kdr-blocking-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  // The open of a fifo without a writer blocks in the kernel as a read of a locked process does.
  it('gives up a read that hangs, tries no more while too many hang, and recovers when they return', async () => {
    const fifo = join(directory, 'fifo');
    const plain = join(directory, 'plain');
    execFileSync('mkfifo', [fifo]);
    writeFileSync(plain, 'text');
    const read = createBlockingReader({ timeoutMs: 50, maxStuck: 1 });
    await expect(read(fifo, 10)).rejects.toMatchObject({
      code: 'KDR_PROC_BLOCKED',
      message: expect.stringContaining('within 50 ms') as string,
    });
    await expect(read(plain, 10)).rejects.toMatchObject({
      code: 'KDR_PROC_BLOCKED',
      message: expect.stringContaining('have not returned') as string,
    });
    closeSync(openSync(fifo, 'w'));
    let text: string | undefined;
    await eventually('the hanging read to return', () => {
      read(plain, 10).then(
        ({ bytes }) => (text = bytes.toString()),
        () => {},
      );
      return text;
    });
    expect(text).toBe('text');
  });

  it('reads no more than the limit and says so', async () => {
    const path = join(directory, 'long');
    writeFileSync(path, 'x'.repeat(10_000));
    const read = createBlockingReader({ timeoutMs: 5000, maxStuck: 2 });
    expect(await read(path, 9_999)).toMatchObject({ truncated: true, bytes: { length: 9_999 } });
    expect(await read(path, 10_000)).toMatchObject({ truncated: false, bytes: { length: 10_000 } });
  });
});
