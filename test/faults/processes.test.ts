import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { shimWithoutHandler } from './handlerless-shim.ts';
import { startNonReapingParent } from './non-reaping-parent.ts';
import { reusePid } from './pid-reuse.ts';
import { isAlive, readExe, readStat, zombiesOf } from './proc.ts';
import { ensureRuntime } from './runtime-packages.ts';
import { countSignals } from './signal-count.ts';
import { becomesTrue } from './waiting.ts';

beforeAll(async () => {
  await ensureRuntime();
});

test('a parent that never reaps keeps its zombies, in the given directory, until it is ended', async () => {
  const parent = await startNonReapingParent({ children: 5, cwd: '/' });
  onTestFinished(() => parent.stop());
  expect(parent.zombiePids).toHaveLength(5);
  await sleep(500);
  expect(zombiesOf(parent.pid)).toHaveLength(5);
  process.kill(parent.pid, 'SIGTERM');
  expect(await becomesTrue(() => !parent.isAlive(), 2000)).toBe(true);
  // They are init's now, which reaps them when it gets to it.
  expect(await becomesTrue(() => parent.zombiePids.every((pid) => readStat(pid) === undefined), 10_000)).toBe(true);
});

test('a parent that ignores TERM needs KILL', async () => {
  const parent = await startNonReapingParent({ kind: 'ignores-term' });
  onTestFinished(() => parent.stop());
  process.kill(parent.pid, 'SIGTERM');
  await sleep(500);
  expect(parent.isAlive()).toBe(true);
  process.kill(parent.pid, 'SIGKILL');
  expect(await becomesTrue(() => !parent.isAlive(), 2000)).toBe(true);
});

test('a counting parent tells one TERM from two, also one that ends on the first', async () => {
  for (const kind of ['counts-term', 'counts-term-and-ends'] as const) {
    const parent = await startNonReapingParent({ kind });
    onTestFinished(() => parent.stop());
    process.kill(parent.pid, 'SIGTERM');
    expect(await becomesTrue(() => parent.terms() === 1, 2000)).toBe(true);
    process.kill(parent.pid, 'SIGTERM');
    expect(await becomesTrue(() => parent.terms() === 2, 2000)).toBe(true);
    expect(await becomesTrue(() => !parent.isAlive(), 1500)).toBe(kind === 'counts-term-and-ends');
    // What a parent leaves is its own until the kernel has ended it, a moment after it stopped living.
    expect(await becomesTrue(() => zombiesOf(parent.pid).length === (kind === 'counts-term' ? 3 : 0), 2000)).toBe(true);
  }
});

test('of two shims without handler, SIGUSR1 does nothing to the Go one and ends the other', async () => {
  for (const kind of ['silent', 'dies'] as const) {
    const shim = await shimWithoutHandler(kind);
    onTestFinished(() => shim.stop());
    expect(readExe(shim.pid)).toMatch(/\/containerd-shim-[a-z]+$/);
    expect(readExe(shim.childPid)).not.toMatch(/containerd-shim/);
    expect(readStat(shim.childPid)?.parentPid).toBe(shim.pid);
    expect(shim.catchesUsr1).toBe(kind === 'silent');
    process.kill(shim.pid, 'SIGUSR1');
    expect(await becomesTrue(() => !shim.isAlive(), 1000)).toBe(kind === 'dies');
    await shim.stop();
    expect(readExe(shim.childPid)).toBeUndefined();
  }
});

test('a pid that was freed is handed out again, to a process with another start time', { retry: 3 }, async () => {
  const first = await startNonReapingParent();
  await expect(reusePid(first.pid)).rejects.toMatchObject({ code: 'KDR_FAULTS_BAD_ARGUMENT' });
  await first.stop();
  expect(await becomesTrue(() => readStat(first.pid) === undefined, 10_000)).toBe(true);
  // Retried with another pid, because any process of the machine may take this one first.
  const second = await reusePid(first.pid);
  onTestFinished(() => second.stop());
  expect(second.pid).toBe(first.pid);
  expect(second.startTicks).not.toBe(first.startTicks);
  expect(second.isAlive()).toBe(true);
  expect(isAlive(first)).toBe(false);
});

test('the signal count sees each signal once, with target and sender, and only the wanted ones', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-signals-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const parent = await startNonReapingParent({ kind: 'ignores-term' });
  const other = await startNonReapingParent();
  onTestFinished(async () => {
    await parent.stop();
    await other.stop();
  });
  const count = await countSignals({ pid: parent.pid, signal: 'SIGTERM', directory });
  process.kill(parent.pid, 'SIGTERM');
  process.kill(parent.pid, 'SIGCONT');
  process.kill(other.pid, 'SIGTERM');
  process.kill(parent.pid, 'SIGTERM');
  const counted = await count.stop();
  const one = { sig: 15, pid: parent.pid, comm: 'sleep', result: 1, senderPid: process.pid };
  expect(counted).toMatchObject([one, one]);
});
