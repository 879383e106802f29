import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tokenFromFile } from './index.ts';

let directory: string;
let path: string;
let now: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-token-'));
  path = join(directory, 'token');
  now = 0;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the token of a file', () => {
  it('is read anew once it is a minute old', async () => {
    const token = tokenFromFile(path, () => now);
    writeFileSync(path, 'first\n');
    expect(await token()).toBe('first');
    writeFileSync(path, 'second\n');
    now = 59_999;
    expect(await token()).toBe('first');
    now = 60_000;
    expect(await token()).toBe('second');
  });

  it('goes on while the file is missing or half written', async () => {
    const token = tokenFromFile(path, () => now);
    writeFileSync(path, 'first');
    await token();
    now = 120_000;
    rmSync(path);
    expect(await token()).toBe('first');
    writeFileSync(path, '');
    expect(await token()).toBe('first');
    writeFileSync(path, 'second');
    expect(await token()).toBe('second');
  });

  it('is refused where there is none, and where a line break would forge a header', async () => {
    const token = tokenFromFile(path, () => now);
    await expect(token()).rejects.toThrow('ENOENT');
    for (const text of ['', ' \n', 'a\r\nb: c', 'x'.repeat(16_385)]) {
      writeFileSync(path, text);
      await expect(token()).rejects.toThrow('holds no token');
    }
  });
});
