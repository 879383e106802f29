import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, buildShim, countSignals } from '../faults/index.ts';
import { isAlive } from '../faults/proc.ts';
import { type ShimStage, about, openShimStage } from './shim-stage.ts';

let stage: ShimStage;
let shim: string;
let killed: SignalCount;

beforeAll(async () => {
  shim = await buildShim({ version: 'v1.2.0', api: 'runc-v1' });
  stage = await openShimStage();
  killed = await countSignals({ directory: stage.scene.directory, signal: 'SIGKILL' });
}, 300_000);
afterAll(async () => {
  await killed?.stop().catch(() => undefined);
  await stage?.close();
});

describe('kill -9 of kdr up after the intent to kill a shim was written', { timeout: 180_000 }, () => {
  const pids: number[] = [];

  it.each([
    ['at once', 0],
    ['a little later', 700],
  ])('%s: the next one finds out what happened', async (_, wait) => {
    const { scene } = stage;
    const id = `crash-${wait}`;
    const container = await stage.deadlocked(id, shim, true);
    pids.push(container.shimPid);
    await scene.allow(container.shimPid, { mode: 'Auto', intrusiveDiagnosis: 'Allow' });
    await scene.report(id, about(container));
    while (((await scene.get(id)).status?.recovery?.attempts ?? []).length === 0) await sleep(10);
    await sleep(wait);
    await scene.restart();
    const { status } = await scene.end(id);
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    // Where the signal had not gone out, the first attempt is known not to be done, and there is a second one.
    const outcomes = (status?.recovery?.attempts ?? []).map(({ outcome }) => outcome);
    expect(outcomes.slice(0, -1).filter((outcome) => outcome !== 'NotDone')).toEqual([]);
    expect(outcomes.length).toBeLessThanOrEqual(2);
    expect(isAlive(container.shimIdentity) || existsSync(container.bundle)).toBe(false);
  });

  it('and each shim got exactly one SIGKILL', async () => {
    const signals = await killed.stop();
    for (const one of pids) expect(signals.filter(({ pid }) => pid === one)).toHaveLength(1);
    expect(pids).toHaveLength(2);
  });
});
