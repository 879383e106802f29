import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, buildShim, countSignals } from '../faults/index.ts';
import { isAlive } from '../faults/proc.ts';
import { type ShimStage, about, openShimStage } from './shim-stage.ts';

let stage: ShimStage;
let v1: string;
let killed: SignalCount;

beforeAll(async () => {
  v1 = await buildShim({ version: 'v1.2.0', api: 'v1' });
  stage = await openShimStage({ shim: v1 });
  killed = await countSignals({ directory: stage.scene.directory, signal: 'SIGKILL' });
}, 300_000);
afterAll(async () => {
  await killed?.stop().catch(() => undefined);
  await stage?.close();
});

/** Gives the pid of the shim that was repaired. */
async function repaired(id: string, shim: string): Promise<number> {
  const container = await stage.deadlocked(id, shim, true);
  await stage.scene.allow(container.shimPid, { mode: 'Auto', intrusiveDiagnosis: 'Allow' });
  await stage.scene.report(id, about(container));
  const { status } = await stage.scene.end(id);
  expect(status).toMatchObject({
    phase: 'Succeeded',
    reason: 'Recovered',
    diagnosis: { cause: 'ContainerdShimReaperDeadlock', confidence: 'high' },
  });
  expect(isAlive(container.shimIdentity) || existsSync(container.bundle)).toBe(false);
  return container.shimPid;
}

describe('a deadlocked shim is found, proven, killed once and verified', { timeout: 180_000 }, () => {
  const pids: number[] = [];
  it('under the runtime v1 (io.containerd.runtime.v1.linux), whose shim is a child of containerd', async () => {
    pids.push(await repaired('v1', v1));
  });
  it('built by Go 1.13, as Docker 18.09 shipped it', async () => {
    pids.push(await repaired('go113', await buildShim({ version: 'v1.2.0', api: 'runc-v1', go: '1.13.15' })));
  });
  it('by one SIGKILL each', async () => {
    const signals = await killed.stop();
    for (const shim of pids) expect(signals.filter(({ pid }) => pid === shim)).toHaveLength(1);
    expect(pids).toHaveLength(2);
  });
});
