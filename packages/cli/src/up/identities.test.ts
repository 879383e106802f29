import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadTokens } from './identities.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-tokens-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('makes tokens once, for their owner only, and leaves nothing else behind', () => {
  const file = join(directory, 'tokens.json');
  const made = loadTokens(file);
  expect(new Set(Object.values(made)).size).toBe(4);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(loadTokens(file)).toEqual(made);
  expect(readdirSync(directory)).toEqual(['tokens.json']);
});

it.each(['', '{', '{}', '{"master":"x"}', 'null'])('says what to do with a file that holds no tokens: %j', (text) => {
  const file = join(directory, 'broken.json');
  writeFileSync(file, text);
  expect(() => loadTokens(file)).toThrow(
    expect.objectContaining({ code: 'KDR_UNREADABLE', message: expect.stringContaining(file) as string }),
  );
});
