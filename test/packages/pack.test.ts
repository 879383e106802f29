import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Packed, type PackedPackage, packAll, readPacked } from './packing.ts';

let packed: Packed;
beforeAll(async () => {
  packed = await packAll();
}, 600_000);
afterAll(() => packed?.remove());

/** Runs a check on each package; what is wrong is listed by package. */
async function wrong(check: (one: PackedPackage) => string[] | Promise<string[]>): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const one of packed.packages) {
    const messages = await check(one);
    if (messages.length > 0) found[one.name] = messages;
  }
  return found;
}

/** Static imports by TypeScript's scanner; dynamic ones and what is asked for by createRequire by their shape. */
const LATE = [/\bimport\(["']([^"']+)["']\)/g, /equire\d*\(import\.meta\.url\)(?:\.resolve)?\(["']([^"']+)["']\)/g];
const imports = (text: string) => [
  ...ts.preProcessFile(text, true, false).importedFiles.map(({ fileName }) => fileName),
  ...LATE.flatMap((shape) => [...text.matchAll(shape)].map((match) => match[1] ?? '')),
];
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
/** The files that a package's doors lead to: exports and programs. */
const doors = ({ manifest: { exports, bin = {} } }: PackedPackage) => [
  ...Object.values(exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target as Record<string, string>))),
  ...Object.values(bin),
];

/** Programs that are started by path, not through a door. */
const STARTED_BY_PATH = /^dist\/(main|kdr-[a-z]+)\.js$/;

it('there are all of them', () => {
  expect(packed.packages.length).toBeGreaterThanOrEqual(20);
  expect(packed.packages.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['@kdr/api-types', '@kdr/master', '@kdr/agent', '@kdr/plugin-sdk']),
  );
});

it('they hold what is built, a README and the licence, and neither sources nor tests', async () => {
  const expected = /^(package\.json|README\.md|LICENSE|bin\/[\w-]+\.js|dist\/[\w.-]+\.(js|d\.ts|js\.map))$/;
  expect(await wrong(({ files }) => files.filter((file) => !expected.test(file) || /\.test\./.test(file)))).toEqual({});
  expect(
    await wrong(({ files }) =>
      ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter((file) => !files.includes(file)),
    ),
  ).toEqual({});
});

it('their package.json is for outsiders: no path of this workspace, no source condition, public', async () => {
  expect(
    await wrong(({ manifest, file }) => {
      const text = readPacked(file, 'package.json');
      return [
        ...['workspace:', 'catalog:', '"kdr-source"', './src/'].filter((word) => text.includes(word)),
        ...(manifest.publishConfig?.access === 'public' ? [] : ['publishConfig.access is not public']),
        ...(manifest.type === 'module' && manifest.engines?.node === '>=22.19' && manifest.license === 'Apache-2.0'
          ? []
          : ['type, engines or license']),
      ];
    }),
  ).toEqual({});
});

it('publint finds nothing', async () => {
  const check = async ({ file }: PackedPackage) => {
    const bytes = new Uint8Array(readFileSync(file));
    const { messages } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
    return messages.map(({ code, path }) => `${code} at ${path.join('.')}`);
  };
  expect(await wrong(check)).toEqual({});
});

it('types resolve for ESM under node16, nodenext and bundlers (attw)', { timeout: 300_000 }, async () => {
  const check = async ({ file }: PackedPackage) => {
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(file))));
    if (result.types === false) return ['has no types'];
    // Packages are ESM only (profile esm-only): nobody promises require() or TypeScript's old node10 resolution.
    return result.problems
      .filter((problem) => !('resolutionKind' in problem) || !['node10', 'node16-cjs'].includes(problem.resolutionKind))
      .map((problem) => JSON.stringify(problem));
  };
  expect(await wrong(check)).toEqual({});
});

it('everything that is imported is declared, and everything that is declared is imported', async () => {
  const check = ({ file, files, manifest }: PackedPackage) => {
    const declared = Object.keys(manifest.dependencies ?? {});
    const code = files.filter((path) => /\.(js|d\.ts)$/.test(path));
    const used = new Set(
      code
        .flatMap((path) => imports(readPacked(file, path)))
        .filter((name) => !/^(\.|node:)/.test(name))
        .map(packageOf),
    );
    return [
      ...[...used].filter((name) => !declared.includes(name) && name !== manifest.name).map((name) => `imports ${name} undeclared`),
      ...declared.filter((name) => !used.has(name)).map((name) => `declares ${name} without importing it`),
    ];
  };
  expect(await wrong(check)).toEqual({});
});

it('what stands in the types of others is given as a range, so that npm installs it once', () => {
  // Two copies of TypeBox are two unrelated types: a schema of the author's would not fit the SDK's.
  const ranges = packed.packages.flatMap(({ manifest }) => manifest.dependencies?.['@sinclair/typebox'] ?? []);
  expect(ranges.filter((range) => !range.startsWith('^'))).toEqual([]);
});

it('nothing of an older build is left in them', async () => {
  const check = (one: PackedPackage) => {
    const begun = [...doors(one).map((path) => posix.normalize(path)), ...one.files.filter((path) => STARTED_BY_PATH.test(path))];
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path) || !one.files.includes(path)) return;
      reached.add(path);
      if (!/\.(js|d\.ts)$/.test(path)) return;
      for (const name of imports(readPacked(one.file, path)).filter((each) => each.startsWith('.'))) {
        const target = posix.join(posix.dirname(path), name);
        visit(path.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
      }
    };
    begun.forEach(visit);
    return one.files.filter((path) => /\.(js|d\.ts)$/.test(path) && !reached.has(path));
  };
  expect(await wrong(check), 'remove the dist folders of these packages and build again').toEqual({});
});
