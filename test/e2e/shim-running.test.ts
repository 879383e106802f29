import { existsSync } from 'node:fs';
import { RESOURCES } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ShimContainer, type SignalCount, buildShim, countSignals } from '../faults/index.ts';
import { isAlive } from '../faults/proc.ts';
import { type ShimStage, about, openShimStage } from './shim-stage.ts';

let stage: ShimStage;
let container: ShimContainer;
let killed: SignalCount;

beforeAll(async () => {
  stage = await openShimStage();
  container = await stage.deadlocked('running', await buildShim({ version: 'v1.2.0', api: 'runc-v1' }), false);
  killed = await countSignals({ directory: stage.scene.directory, signal: 'SIGKILL' });
  await stage.scene.allow(container.shimPid, { mode: 'Auto', intrusiveDiagnosis: 'Allow' });
}, 300_000);
afterAll(async () => {
  await killed?.stop().catch(() => undefined);
  await stage?.close();
});

describe('a deadlocked shim whose container still runs', { timeout: 120_000 }, () => {
  it('is identified, and not killed without allowRunning', async () => {
    await stage.scene.report('running', about(container));
    const { status } = await stage.scene.end('running');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NoRecovererLeft', diagnosis: { cause: 'ContainerdShimReaperDeadlock' } });
    expect(status?.recovery?.passedOver).toContainEqual(
      expect.objectContaining({
        recoverer: 'containerd-shim-kill',
        outcome: 'NotApplicable',
        reason: expect.stringMatching(/its init \d+ \(sleep\) runs.*allowRunning/) as string,
      }),
    );
    expect(status?.recovery?.attempts ?? []).toEqual([]);
    expect(isAlive(container.shimIdentity)).toBe(true);
  });

  it('with allowRunning still needs the permit of the policy, and with both is killed once', async () => {
    await stage.scene.report('allowed', { ...about(container), parameters: { allowRunning: true } });
    const { status } = await stage.scene.until(
      'allowed',
      (one) => one.status?.recovery?.grant !== undefined || one.status?.phase === 'Failed',
    );
    expect(status?.recovery?.proposal?.plannedActions).toMatchObject([{ action: 'KillShim', requires: ['KillRunningContainer'] }]);
    expect(status?.recovery?.grant).toMatchObject({ decision: 'Denied', reason: 'PermitMissing' });
    expect(isAlive(container.shimIdentity) && isAlive(container.initIdentity)).toBe(true);

    const policy = { name: `pid-${container.shimPid}` };
    await stage.scene.client.patch(RESOURCES.RecoveryPolicy, policy, { spec: { permits: ['KillRunningContainer'] } }, { type: 'merge' });
    await stage.scene.report('permitted', { ...about(container), parameters: { allowRunning: true } });
    expect((await stage.scene.end('permitted')).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(isAlive(container.shimIdentity) || isAlive(container.initIdentity) || existsSync(container.bundle)).toBe(false);
    expect((await killed.stop()).filter(({ pid }) => pid === container.shimPid)).toHaveLength(1);
  });
});
