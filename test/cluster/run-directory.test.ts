import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ClusterError } from './cluster-error.ts';
import { abandonedRunDirectories, findRunDirectory, makeRunDirectory, recordedProcesses, recordProcess } from './run-directory.ts';

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'kdr-run-'));
  vi.stubEnv('TMPDIR', temporary);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true });
});

test('a name is taken once, and nothing is left of the second try', () => {
  const at = makeRunDirectory('one', false);
  expect(findRunDirectory('one')).toEqual(at);
  expect(() => makeRunDirectory('one', false)).toThrow(expect.objectContaining({ code: 'KDR_CLUSTER_RUNNING' }) as Error);
  expect(readdirSync(temporary)).toEqual(['kdr-cluster-one']);
});

test.each(['', 'Upper', '../up', 'with-dash', 'a234567890123', '1a'])('%j is no name', (name) => {
  expect(() => makeRunDirectory(name, false)).toThrow(ClusterError);
  expect(() => findRunDirectory(name)).toThrow(expect.objectContaining({ code: 'KDR_CLUSTER_BAD_ARGUMENT' }) as Error);
});

test('what lives or is kept is not abandoned; what has a dead maker or no mark is', () => {
  for (const [name, kept] of [
    ['mine', false],
    ['dead', false],
    ['dev', true],
    ['bare', false],
  ] as const)
    makeRunDirectory(name, kept);
  const mark = (name: string, content: string) => writeFileSync(join(temporary, `kdr-cluster-${name}`, 'kdr-cluster.json'), content);
  mark('dead', JSON.stringify({ name: 'dead', kept: false, maker: { pid: process.pid, startTicks: 1 } }));
  mark('dev', JSON.stringify({ name: 'dev', kept: true, maker: { pid: process.pid, startTicks: 1 } }));
  mark('bare', '{"na');
  expect(
    abandonedRunDirectories()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['bare', 'dead']);
});

test('a half written line of the list of processes is passed over, and so is what no process can be', () => {
  const at = makeRunDirectory('list', false);
  recordProcess(at, { name: 'etcd', pid: 4711, startTicks: 99 });
  const odd = ['{"name":"all","pid":0,"startTicks":1}', '{"name":"first","pid":1,"startTicks":1}', '{"name":"x","pid":-1,"startTicks":1}'];
  const file = join(at.directory, 'processes');
  writeFileSync(file, `${odd.join('\n')}\n{"name":"e`, { flag: 'a' });
  expect(existsSync(file)).toBe(true);
  expect(recordedProcesses(at)).toEqual([{ name: 'etcd', pid: 4711, startTicks: 99 }]);
});
