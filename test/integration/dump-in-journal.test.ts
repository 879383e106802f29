import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { journalReader } from '../../plugins/diagnosers/containerd-shim-deadlock/src/journal-reader.ts';
import { judgeShimDump } from '../../plugins/diagnosers/containerd-shim-deadlock/src/judge-shim-dump.ts';
import { ownDump } from '../../plugins/diagnosers/containerd-shim-deadlock/src/own-dump.ts';
import { ensureRuntime } from '../faults/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-journal-'));
beforeAll(() => ensureRuntime({ forTests: true }), 600_000);
afterAll(() => rmSync(directory, { recursive: true }));

const fixture = '../../plugins/diagnosers/containerd-shim-deadlock/fixtures/a-deadlocked-v1.2.0-go1.26-1.txt.gz';
const dump = gunzipSync(readFileSync(join(import.meta.dirname, fixture)))
  .toString('utf8')
  .trimEnd();
/** LineMax, journald.conf(5): where journald cuts a line of a stream. */
const LINE_MAX = 48 * 1024;

/** Writes real journal files from the journal export format. */
function writeJournal(entries: { message: string; pid: number; at: number }[]): void {
  const text = entries.map(
    ({ message, pid, at }) => `__REALTIME_TIMESTAMP=${at * 1000}\n_PID=${pid}\n_BOOT_ID=${'0'.repeat(32)}\nMESSAGE=${message}\n\n`,
  );
  execFileSync('/lib/systemd/systemd-journal-remote', ['--output', join(directory, 'system.journal'), '-'], {
    input: text.join(''),
    stdio: 'pipe',
  });
}

test('a dump of 220 kB is read from the journal in its pieces, and no line of before or of others', async () => {
  const reader = journalReader([4242], directory);
  const now = Date.now() + 50;
  const pieces = Array.from({ length: Math.ceil(dump.length / LINE_MAX) }, (_, at) => dump.slice(at * LINE_MAX, (at + 1) * LINE_MAX));
  writeJournal([
    { message: 'of before', pid: 4242, at: now - 60_000 },
    ...pieces.map((message, at) => ({ message, pid: 4242, at: now + at })),
    { message: 'of another process', pid: 4243, at: now + 100 },
  ]);
  const text = await reader.read();
  expect(text).not.toMatch(/of before|of another process/);
  const [pid, namespace, bundle] = ['pid', 'namespace', 'path'].map(
    (name) => new RegExp(` ${name}=(\\S+)`).exec(dump.slice(-400))?.[1] ?? '',
  );
  const found = ownDump(text, { pid: Number(pid), namespace: namespace ?? '', bundle }, false);
  expect(found?.complete).toBe(true);
  expect(found && judgeShimDump(found)).toMatchObject({ verdict: 'Deadlocked', confidence: 'high' });
  await reader.close();
});
