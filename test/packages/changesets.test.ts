import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pnpm } from './packing.ts';

const root = join(import.meta.dirname, '..', '..');

interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** A repository of its own with what changesets read: manifests, settings and nothing else. */
function scratchClone(): { directory: string; manifests(): Record<string, Manifest> } {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-changeset-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: directory, stdio: 'pipe' });
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split(
    '\n',
  );
  const wanted = listed.filter(
    (path) => /(^|\/)package\.json$/.test(path) || /^(pnpm-workspace\.yaml|\.changeset\/config\.json)$/.test(path),
  );
  for (const path of wanted) {
    mkdirSync(join(directory, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(directory, path));
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, '.gitignore'), 'node_modules\n');
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'as it is');
  const manifests = () =>
    Object.fromEntries(
      wanted
        .filter((path) => path.endsWith('package.json'))
        .map((path) => JSON.parse(readFileSync(join(directory, path), 'utf8')) as Manifest)
        .map((manifest) => [manifest.name, manifest]),
    );
  return { directory, manifests };
}

/** Every published package that, over any number of steps, needs this one to run. */
function dependents(all: Record<string, Manifest>, name: string): Set<string> {
  const found = new Set<string>();
  const visit = (wanted: string) => {
    for (const one of Object.values(all)) {
      if (one.dependencies?.[wanted] === undefined || found.has(one.name) || one.private) continue;
      found.add(one.name);
      visit(one.name);
    }
  };
  visit(name);
  return found;
}

/** The version after one such change. */
function next(version = '', change: 'minor' | 'patch'): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return change === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

it.each(['@kdr/plugin-sdk', '@kdr/master'])('a change of %s bumps it and its dependents only', { timeout: 120_000 }, async (changed) => {
  const clone = scratchClone();
  const before = clone.manifests();
  writeFileSync(join(clone.directory, '.changeset', 'a-change.md'), `---\n'${changed}': minor\n---\n\nA change.\n`);
  await pnpm(['exec', 'changeset', 'version'], clone.directory);
  const after = clone.manifests();
  const bumped = Object.values(after).filter(({ name, version, private: hidden }) => !hidden && version !== before[name]?.version);
  const expected = dependents(before, changed);
  expect(expected.size).toBeGreaterThan(0);
  expect(bumped.map(({ name }) => name).sort()).toEqual([changed, ...expected].sort());
  expect(after[changed]?.version).toBe(next(before[changed]?.version, 'minor'));
  for (const name of expected) expect(after[name]?.version, name).toBe(next(before[name]?.version, 'patch'));
});

it('examples ask for the version that is there after a release', { timeout: 120_000 }, async () => {
  const clone = scratchClone();
  const before = clone.manifests();
  writeFileSync(join(clone.directory, '.changeset', 'a-change.md'), "---\n'@kdr/plugin-sdk': minor\n---\n\nA change.\n");
  await pnpm(['exec', 'changeset', 'version'], clone.directory);
  expect(clone.manifests()['kdr-example-diagnoser']?.dependencies?.['@kdr/plugin-sdk']).toBe(
    `^${next(before['@kdr/plugin-sdk']?.version, 'minor')}`,
  );
});
