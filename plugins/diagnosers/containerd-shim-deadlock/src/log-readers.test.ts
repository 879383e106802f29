import { execFileSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdtempSync, openSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fifoReader } from './fifo-reader.ts';
import { fileReader } from './file-reader.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-readers-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a file is followed from where it ended, through a rotation by name', async () => {
  const [path, rotated] = [join(directory, 'log'), join(directory, 'log.1')];
  writeFileSync(path, 'before\n');
  const writer = openSync(path, 'a');
  const reader = await fileReader(`/proc/${process.pid}/fd/${writer}`, 'a log');
  expect(await reader.read()).toBe('');
  appendFileSync(path, 'one\n');
  expect(await reader.read()).toBe('one\n');
  renameSync(path, rotated);
  writeFileSync(path, 'another file, to which nobody writes yet\n');
  writeSync(writer, 'two\n');
  expect(await reader.read()).toBe('one\ntwo\n');
  await reader.close();
  closeSync(writer);
});

test('a file that was truncated is read from its new beginning', async () => {
  const path = join(directory, 'truncated');
  writeFileSync(path, 'x'.repeat(1000));
  const reader = await fileReader(path, 'a log');
  truncateSync(path);
  appendFileSync(path, 'new\n');
  expect(await reader.read()).toBe('new\n');
  await reader.close();
});

test('a FIFO is drained without waiting for a writer, also one that wrote before and more than a pipe holds', async () => {
  const path = join(directory, 'fifo');
  execFileSync('mkfifo', [path]);
  const writer = openSync(path, 'r+');
  writeSync(writer, 'before\n');
  const reader = fifoReader(path, 'a FIFO');
  expect(await reader.read()).toBe('before\n');
  expect(await reader.read()).toBe('before\n');
  for (let piece = 0; piece < 4; piece += 1) {
    writeSync(writer, 'y'.repeat(60_000));
    await reader.read();
  }
  expect(await reader.read()).toHaveLength('before\n'.length + 240_000);
  closeSync(writer);
  expect(await reader.read()).toHaveLength('before\n'.length + 240_000);
  await reader.close();
});
