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

/** The tables of a page: the number of their first line, and their rows. What stands in a code block is no table. */
function tables(page: string): { line: number; rows: string[] }[] {
  const found: { line: number; rows: string[] }[] = [];
  let fenced = false;
  let open: string[] | undefined;
  for (const [at, line] of page.split('\n').entries()) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const row = !fenced && /^\s*\|/.test(line);
    if (row && open === undefined) found.push({ line: at + 1, rows: (open = []) });
    if (row) open?.push(line.trim());
    else open = undefined;
  }
  return found;
}

/** Cells as GitHub counts them: a bar parts cells unless it is escaped, in code too. */
const cells = (row: string) => row.replaceAll('\\|', '').replace(/^\|/, '').replace(/\|$/, '').split('|').length;

/** Why GitHub does not show it as a table, or leaves cells out; undefined: it does. https://github.github.com/gfm/#tables-extension- */
function whyBroken([head, rule, ...rows]: string[]): string | undefined {
  if (rule === undefined || !/^\|( *:?-+:? *\|)+$/.test(rule)) return 'no line of dashes under the head';
  const width = cells(head ?? '');
  const odd = [rule, ...rows].find((row) => cells(row) !== width);
  return odd === undefined ? undefined : `not ${width} cells: ${odd.slice(0, 80)}`;
}

it('every table of a page is shown as one', () => {
  const all = tracked.filter((file) => file.endsWith('.md')).map((file) => ({ file, tables: tables(read(file)) }));
  const broken = all.flatMap((page) =>
    page.tables.flatMap(({ line, rows }) => {
      const why = whyBroken(rows);
      return why === undefined ? [] : [`${page.file}:${line}: ${why}`];
    }),
  );
  expect(broken).toEqual([]);
  expect(all.flatMap((page) => page.tables).length).toBeGreaterThan(20);
});

it('a broken table is found: a blank line within, a bar in a cell, no head', () => {
  const page = [
    '| a | b |',
    '| - | - |',
    '| 1 | 2 |',
    '',
    '| 3 | 4 |',
    '```',
    '| no',
    '```',
    '| a | b |',
    '|---|---|',
    '| `x|y` | 2 |',
    '',
    '| `x\\|y` |',
    '| - |',
  ];
  expect(tables(page.join('\n')).map(({ line, rows }) => [line, whyBroken(rows)])).toEqual([
    [1, undefined],
    [5, 'no line of dashes under the head'],
    [9, 'not 2 cells: | `x|y` | 2 |'],
    [13, undefined],
  ]);
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
