import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type ShimContainer, type SignalCount, buildShim, countSignals, removeContainer } from '../faults/index.ts';
import { isAlive } from '../faults/proc.ts';
import { endProcess, signalExactly } from '../faults/process-end.ts';
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

/** Identified, planned, and now a person is waited for. */
async function awaitApproval(name: string, container: ShimContainer): Promise<void> {
  await stage.scene.report(name, about(container));
  const { status } = await stage.scene.until(name, (one) => one.status?.recovery?.grant?.decision === 'Waiting');
  expect(status?.diagnosis).toMatchObject({ cause: 'ContainerdShimReaperDeadlock', confidence: 'high' });
}

async function approve(name: string) {
  const { stdout, code, stderr } = await stage.scene.kdr(['approve', name]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`abnormal.kdr.dev/${name} approved`);
  return (await stage.scene.end(name)).status;
}

describe('between a diagnosis and an approved repair', { timeout: 120_000 }, () => {
  let container: ShimContainer;

  it('containerd is stopped, so that the dump is lost: that is no healing, and the shim is not killed', async () => {
    container = await stage.deadlocked('waiting', shim, true);
    await stage.scene.allow(container.shimPid, { mode: 'Approve', intrusiveDiagnosis: 'Allow' });
    await awaitApproval('stopped', container);
    signalExactly(stage.containerd, 'SIGSTOP');
    onTestFinished(() => void signalExactly(stage.containerd, 'SIGCONT'));
    const status = await approve('stopped');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ConfirmFailed' });
    expect(status?.recovery?.attempts ?? []).toEqual([]);
    expect(isAlive(container.shimIdentity)).toBe(true);
  });

  it('the shim goes by itself: it has healed itself, and nobody is killed', async () => {
    await awaitApproval('healed', container);
    await removeContainer(container);
    const status = await approve('healed');
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'HealedItself' });
    expect(status?.recovery?.attempts ?? []).toEqual([]);
  });

  it('containerd ends: nothing is verified that containerd has not cleaned up', async () => {
    const other = await stage.deadlocked('orphan', shim, true);
    await stage.scene.allow(other.shimPid, { mode: 'Approve', intrusiveDiagnosis: 'Allow' });
    await awaitApproval('ended', other);
    await endProcess(stage.containerd, 0);
    const status = await approve('ended');
    expect(status?.phase).toBe('Failed');
    expect(status?.recovery?.verification).toMatchObject({
      result: 'NotVerified',
      message: expect.stringMatching(/containerd has not cleaned up yet/) as string,
    });
    expect(existsSync(other.bundle)).toBe(true);
  });

  it('and of all that, the only SIGKILL to a shim was the test’s own', async () => {
    const signals = (await killed.stop()).filter(({ pid }) => pid === container.shimPid);
    expect(signals.map(({ senderPid }) => senderPid)).toEqual([process.pid]);
  });
});
