import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startContainerd, type Containerd } from './containerd.ts';
import { type DeadlockedShim, deadlockShim } from './deadlock.ts';
import { dumpOf, showsDeadlock } from './dump-proof.ts';
import { execLoops } from './execs.ts';
import { fixedShimUnderBurst } from './fixed-burst.ts';
import { isAlive, readExe, readStat, readThreads, zombiesOf } from './proc.ts';
import { ensureRuntime } from './runtime-packages.ts';
import { buildShim } from './shim-build.ts';
import { endInit, removeContainer, startShimContainer, stopShim } from './shim-container.ts';
import { countSignals } from './signal-count.ts';
import { becomesTrue } from './waiting.ts';

let containerd: Containerd;

beforeAll(async () => {
  await ensureRuntime();
  containerd = await startContainerd({ shim: await buildShim({ version: 'v1.2.0', api: 'v1' }) });
});

afterAll(async () => {
  await containerd?.stop();
});

test.each([
  { name: 'runc-v1', api: 'runc-v1', go: undefined, exe: 'containerd-shim-runc-v1' },
  { name: 'runc-v1-go113', api: 'runc-v1', go: '1.13.15', exe: 'containerd-shim-runc-v1' },
  { name: 'v1', api: 'v1', go: undefined, exe: 'containerd-shim' },
] as const)('the affected shim $name deadlocks, and its own goroutine dump says so', async ({ name, api, go, exe }) => {
  const shim = await buildShim({ version: 'v1.2.0', api, go });
  const container = await startShimContainer(containerd, { id: name, shim });
  expect(readExe(container.shimPid)?.endsWith(`/${exe}`)).toBe(true);
  expect(showsDeadlock((await dumpOf(container)) ?? 'no dump')).toBe(false);

  const made = await deadlockShim(container, { proveByDump: true });
  expect(showsDeadlock(made.dump ?? '')).toBe(true);
  expect(made.execs.unfinished().length).toBeGreaterThan(0);

  await made.stop();
  expect(made.execs.unfinished()).toEqual([]);
  await removeContainer(made.container);
  expect(isAlive(made.container.initIdentity)).toBe(false);
  expect(isAlive(made.container.shimIdentity)).toBe(false);
});

/**
 * What is seen of a shim that deadlocked without a signal, proven by its dump afterwards. Five quiet seconds may also be a stall that passes
 * (the fixed shim has them too): then what was seen says nothing, and another shim is taken.
 */
async function seenOfDeadlock<T>(id: string, look: (made: DeadlockedShim) => Promise<T>): Promise<T> {
  const shim = await buildShim({ version: 'v1.2.0', api: 'runc-v1' });
  for (let round = 1; round <= 5; round += 1) {
    const made = await deadlockShim(await startShimContainer(containerd, { id: `${id}-r${round}`, shim }));
    const seen = await look(made);
    const proven = showsDeadlock((await dumpOf(made.container)) ?? '');
    await made.stop();
    await removeContainer(made.container);
    if (proven) return seen;
  }
  throw new Error(`no shim of ${id} proved to be deadlocked`);
}

test('making the deadlock sends the shim no SIGUSR1 unless a proof is asked for', { timeout: 300_000 }, async () => {
  const count = await countSignals({ signal: 'SIGUSR1', directory: `${containerd.directory}/signals` });
  const shims: number[] = [];
  const pid = await seenOfDeadlock('unsignalled', ({ container }) => {
    shims.push(container.shimPid);
    return Promise.resolve(container.shimPid);
  });
  const signals = (await count.stop()).filter((signal) => shims.includes(signal.pid));
  // One each: that of the dump which proves it.
  expect(signals.map((signal) => signal.pid)).toEqual(shims);
  expect(signals).toContainEqual(expect.objectContaining({ pid, sig: 10, result: 0, senderPid: process.pid }));
});

test('an init that is killed under a deadlocked shim is not reaped, and goes with the shim', { timeout: 300_000 }, async () => {
  const seen = await seenOfDeadlock('dead-init', async ({ container: { shimPid, initPid }, container }) => {
    const end = await endInit(container);
    const zombies = zombiesOf(shimPid).map(({ pid }) => pid);
    return { initPid, end, reaped: end === 'zombie' ? !zombies.includes(initPid) : readExe(initPid) !== undefined };
  });
  expect(['zombie', 'exiting']).toContain(seen.end);
  expect(seen.reaped).toBe(false);
  expect(await becomesTrue(() => readStat(seen.initPid) === undefined, 10_000)).toBe(true);
});

test('an init that is killed under a healthy shim is reaped', async () => {
  const container = await startShimContainer(containerd, { id: 'healthy' });
  expect(await endInit(container)).toBe('gone');
});

test('the fixed shim stalls under the same burst, shows no deadlock and answers every exec in the end', { timeout: 240_000 }, async () => {
  const shim = await buildShim({ version: 'v1.2.10', api: 'runc-v1' });
  const made = await fixedShimUnderBurst(containerd, { id: 'fixed', shim });
  await becomesTrue(() => zombiesOf(made.container.shimPid).length > 0, 10_000, 20);
  expect(showsDeadlock((await dumpOf(made.container)) ?? 'no dump')).toBe(false);
  const seen = await made.recovery(180_000);
  expect(seen).toMatchObject({ recovered: true });
  expect(showsDeadlock((await dumpOf(made.container)) ?? 'no dump')).toBe(false);
  await made.stop();
  await removeContainer(made.container);
});

test('loops of execs keep a shim busy until they are stopped, and it answers each', async () => {
  const container = await startShimContainer(containerd, { id: 'busy' });
  const loops = execLoops(container, 8);
  expect(await becomesTrue(() => loops.finished() >= 40, 60_000)).toBe(true);
  await loops.stop();
  const finished = loops.finished();
  expect(loops.failed()).toBe(0);
  await sleep(500);
  expect(loops.finished()).toBe(finished);
  await removeContainer(container);
});

test('a stopped shim has all threads in T, gives no dump while stopped, and goes on afterwards', async () => {
  const container = await startShimContainer(containerd, { id: 'stopped' });
  const stopped = await stopShim(container);
  expect(new Set(readThreads(container.shimPid).map(({ state }) => state))).toEqual(new Set(['T']));
  expect(await dumpOf(container, 1500)).toBeUndefined();
  expect(['zombie', 'exiting']).toContain(await endInit(container));
  stopped.resume();
  expect(await becomesTrue(() => readStat(container.initPid) === undefined, 5000)).toBe(true);
});

test('the log of containerd, where the dumps land, is its stderr', () => {
  expect(readlinkSync(`/proc/${containerd.pid}/fd/2`)).toBe(containerd.log);
});
