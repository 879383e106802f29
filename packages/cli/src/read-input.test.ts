import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { readInput } from './read-input.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-input-'));
afterAll(() => rmSync(directory, { recursive: true }));
const nothing = Readable.from([]);
const { signal } = new AbortController();
const bounds = { keptBytes: 1000, mostBytes: 1024 * 1024 };

it('reads a file and standard input', async () => {
  const file = join(directory, 'small');
  writeFileSync(file, 'a dümp');
  expect(await readInput(file, nothing, signal)).toBe('a dümp');
  expect(await readInput('-', Readable.from([Buffer.from('a '), Buffer.from('dump')]), signal)).toBe('a dump');
});

it('keeps the end of what is larger than it may hold', async () => {
  const file = join(directory, 'large');
  writeFileSync(file, `${'x'.repeat(5000)}end`);
  const ofFile = await readInput(file, nothing, signal, bounds);
  expect([ofFile.length, ofFile.endsWith('end')]).toEqual([1000, true]);
  const pieces = Array.from({ length: 100 }, () => 'y'.repeat(100));
  const ofStream = await readInput('-', Readable.from([...pieces, 'end']), signal, bounds);
  expect(ofStream.length).toBeLessThan(1200);
  expect(ofStream.endsWith('end')).toBe(true);
});

it('reads what a shell gives as a file that is a pipe', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'echo dump > "$0"', pipe], { stdio: 'ignore' });
  expect(await readInput(pipe, nothing, signal)).toBe('dump\n');
  if (writer.exitCode === null) await once(writer, 'exit');
});

it('gives up an input that does not end', async () => {
  await expect(readInput('/dev/zero', nothing, signal, bounds)).rejects.toMatchObject({
    code: 'KDR_UNREADABLE',
    message: expect.stringContaining('does not end') as string,
  });
});

it('says that there is no such file, or that it is a directory', async () => {
  await expect(readInput(join(directory, 'none'), nothing, signal)).rejects.toMatchObject({ code: 'KDR_UNREADABLE' });
  await expect(readInput(directory, nothing, signal)).rejects.toMatchObject({ code: 'KDR_UNREADABLE' });
});
