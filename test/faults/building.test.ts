import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { requireProgram } from './program-path.ts';
import { isStatic } from './rootfs.ts';
import { ensureRuntime, missingPackages } from './runtime-packages.ts';
import { buildShim } from './shim-build.ts';

let cache: string;
let compiled: string;

beforeAll(async () => {
  await ensureRuntime();
  // Go's own cache follows XDG_CACHE_HOME too: without this each test would compile the standard library again.
  compiled = (await execa(requireProgram('go'), ['env', 'GOCACHE'])).stdout;
});

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'kdr-cache-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.stubEnv('GOCACHE', compiled);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

test('after ensureRuntime nothing is missing', () => {
  expect(missingPackages()).toEqual([]);
});

test('a shim is built once, into the cache directory, and nothing half stays there', async () => {
  const said: string[] = [];
  const build = () => buildShim({ version: 'v1.2.0', api: 'runc-v1', onProgress: (text) => said.push(text) });
  const [first, second] = [await build(), await build()];
  expect(second).toBe(first);
  expect(first.startsWith(join(cache, 'kdr', 'faults'))).toBe(true);
  expect(said.filter((text) => text.startsWith('Building'))).toHaveLength(1);
  expect(readdirSync(join(cache, 'kdr', 'faults'))).toHaveLength(1);
});

test('two builders at the same time get the same program', async () => {
  const build = () => buildShim({ version: 'v1.2.10', api: 'v1' });
  const [first, second] = await Promise.all([build(), build()]);
  expect(second).toBe(first);
  expect(readdirSync(join(cache, 'kdr', 'faults'))).toHaveLength(1);
});

test('version, API and toolchain each give another program', async () => {
  const paths = [
    await buildShim({ version: 'v1.2.0', api: 'v1' }),
    await buildShim({ version: 'v1.2.10', api: 'v1' }),
    await buildShim({ version: 'v1.2.0', api: 'runc-v1' }),
    await buildShim({ version: 'v1.2.0', api: 'runc-v1', go: '1.13.15' }),
  ];
  expect(new Set(paths).size).toBe(4);
});

test('a build that fails says so with its code and leaves nothing', async () => {
  vi.stubEnv('GOPROXY', 'off');
  vi.stubEnv('GOMODCACHE', join(cache, 'modules'));
  vi.stubEnv('GOFLAGS', '-modcacherw');
  await expect(buildShim({ version: 'v1.2.0', api: 'v1' })).rejects.toMatchObject({ code: 'KDR_FAULTS_BUILD_FAILED' });
  expect(readdirSync(join(cache, 'kdr', 'faults'))).toEqual([]);
});

test('an unknown version or API is refused', async () => {
  await expect(buildShim({ version: 'v1.2.9' as 'v1.2.0', api: 'v1' })).rejects.toMatchObject({ code: 'KDR_FAULTS_BAD_ARGUMENT' });
  await expect(buildShim({ version: 'v1.2.0', api: 'v2' as 'v1' })).rejects.toMatchObject({ code: 'KDR_FAULTS_BAD_ARGUMENT' });
});

test('a static program is told from one that needs a loader', () => {
  expect(isStatic(requireProgram('busybox'))).toBe(true);
  expect(isStatic(process.execPath)).toBe(false);
});
