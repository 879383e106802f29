import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const files = (example: string) => readdirSync(join(root, 'examples', example));
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

interface Manifest {
  name: string;
  exports?: Record<string, unknown>;
  private?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The published doors of this house: `@kdr/NAME` and its subpaths. */
const doors = new Set(
  ['packages', 'plugins', 'plugins/collectors', 'plugins/diagnosers', 'plugins/recoverers', 'plugins/sources'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readdirSync(join(root, folder, entry.name)).includes('package.json'))
      .map((entry) => JSON.parse(read(folder, entry.name, 'package.json')) as Manifest)
      .flatMap(({ name, exports = {} }) => Object.keys(exports).map((path) => name + path.slice(1))),
  ),
);

const typed = examples.filter((name) => files(name).includes('package.json'));

describe.each(typed)('examples/%s', (example) => {
  const manifest = JSON.parse(read('examples', example, 'package.json')) as Manifest;
  const declared = { ...manifest.dependencies, ...manifest.devDependencies };

  it('asks for published versions, and is not published itself', () => {
    expect(manifest.private).toBe(true);
    expect(Object.entries(declared).filter(([, range]) => !/^\^\d/.test(range))).toEqual([]);
  });

  it('imports what it declares, by published doors, and nothing by path out of its folder', () => {
    const imported = files(example)
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [...read('examples', example, file).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? ''),
      )
      .filter((name) => !name.startsWith('node:'));
    expect(imported.filter((name) => name.startsWith('.') && !/^\.\/[\w.-]+$/.test(name))).toEqual([]);
    const packages = imported.filter((name) => !name.startsWith('.'));
    expect(packages.filter((name) => name.startsWith('@kdr/') && !doors.has(name))).toEqual([]);
    const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
    expect(packages.filter((name) => declared[packageOf(name)] === undefined)).toEqual([]);
    expect(packages.length).toBeGreaterThan(0);
  });
});

it('at least a diagnoser and a source are among them', () =>
  expect(typed).toEqual(expect.arrayContaining(['custom-diagnoser', 'custom-source'])));
