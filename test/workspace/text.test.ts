import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ERROR_CODES, REASONS } from '@kdr/api-types';

const root = join(import.meta.dirname, '..', '..');
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = tracked.filter((file) => /\.(ts|js)$/.test(file) && !file.includes('fixtures/'));

it('every relative link of a page leads somewhere', () => {
  const broken = tracked
    .filter((file) => file.endsWith('.md') && !file.startsWith('.changeset'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter((match) => !existsSync(join(root, dirname(file), match[1] ?? '')))
        .map((match) => `${file}: ${match[1]}`),
    );
  expect(broken).toEqual([]);
});

it('nothing is left for later in the text', () => {
  const word = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK'].join('|')})\\b`);
  expect(sources.filter((file) => word.test(read(file)))).toEqual([]);
});

it('a room named after nothing does not exist', () => {
  expect(tracked.filter((file) => /(^|\/)(util|utils|helper|helpers|common|misc)(\.ts|\/)/.test(file))).toEqual([]);
});

it('environment is read at the edge only', () => {
  const inside = sources.filter(
    (file) =>
      /^(packages|plugins)\//.test(file) && !/(\.test\.ts|config\.ts|main\.ts|kdr-\w+\.ts)$/.test(file) && !file.includes('/testing/'),
  );
  expect(inside.filter((file) => /process\.env\b/.test(read(file)))).toEqual([]);
});

it('a code is used, or it is not in the list', () => {
  const text = sources
    .filter((file) => !file.endsWith('api-types/src/errors.ts') && !file.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
});

it('a reason is used, or it is not in the list', () => {
  const text = sources
    .filter((file) => !file.endsWith('api-types/src/reasons.ts') && !file.endsWith('.test.ts'))
    .map(read)
    .join('\n');
  expect(Object.keys(REASONS).filter((reason) => !text.includes(`'${reason}'`))).toEqual([]);
});
