import { RESOURCES } from '@kdr/api-types';
import type { Abnormal, PlanAnswer } from '@kdr/api-types';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnoserOf, identified, recovererOf, testFault } from '../testing/plugins.ts';
import type { TestFault } from '../testing/plugins.ts';
import { createWorld } from '../testing/world.ts';
import type { World } from '../testing/world.ts';

let world: World;
let fault: TestFault;
beforeEach(async () => {
  world = await createWorld();
  fault = testFault(world.victim());
  await world.policy('auto', { mode: 'Auto', soakSeconds: 0 });
});
afterEach(() => world.close());

const waiting = ({ status }: Abnormal): boolean => status?.recovery?.proposal !== undefined;

describe('the gate', () => {
  it('is waited for: nothing acts on a proposal without a grant, or that waits for a person', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    let approved = false;
    world.grants(() => (approved ? {} : { decision: 'Waiting', reason: 'ApprovalRequired', expiresAt: new Date().toISOString() }));
    await world.agent();
    await world.create('a');
    await world.until('a', ({ status }) => status?.recovery?.grant?.decision === 'Waiting');
    await delay(300);
    expect(fault.acts).toEqual([]);
    approved = true;
    await world.admin.patch(
      RESOURCES.Abnormal,
      { namespace: 'default', name: 'a' },
      { metadata: { labels: { touched: 'true' } } },
      { type: 'merge' },
    );
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded' });
  });

  it('ends it where it refuses for good, with its reason', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants(() => ({
      decision: 'Denied',
      reason: 'ObserveOnly',
      trace: [{ gate: 'mode', verdict: 'Deny', reason: 'ObserveOnly', message: 'policy p observes' }],
    }));
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason: 'ObserveOnly',
      message: 'Gate mode: policy p observes',
    });
    expect(fault.acts).toEqual([]);
  });

  it('may refuse one plan and allow the next', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault, {}, 'rough', 200), recovererOf(fault, {}, 'gentle', 100));
    world.grants(({ status }) =>
      status?.recovery?.proposal?.recoverer === 'rough' ? { decision: 'Denied', reason: 'PermitMissing' } : {},
    );
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Succeeded',
      recovery: { passedOver: [{ recoverer: 'rough', outcome: 'PermitMissing' }], attempts: [{ recoverer: 'gentle' }] },
    });
  });

  it('is not waited for for ever', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    await world.agent({ gateSeconds: 1 });
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'GateUnavailable' });
  });

  it('may give a grant that lapsed before it was used: nothing acts until it is renewed', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    let renewed = false;
    const past = new Date(Date.now() - 120_000).toISOString();
    world.grants(({ status }) => {
      if (renewed) return {};
      return status?.recovery?.grant ? undefined : { decidedAt: past, expiresAt: past };
    });
    await world.agent();
    await world.create('a');
    await world.until('a', ({ status }) => status?.recovery?.grant !== undefined);
    await delay(200);
    expect(fault.acts).toEqual([]);
    renewed = true;
    await world.admin.patch(
      RESOURCES.Abnormal,
      { namespace: 'default', name: 'a' },
      { metadata: { labels: { touched: 'true' } } },
      { type: 'merge' },
    );
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded' });
  });
});

describe('right before acting', () => {
  it('does nothing where the fault has gone: HealedItself', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    await world.agent();
    await world.create('a');
    await world.until('a', waiting);
    fault.present = false;
    world.grants();
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded', reason: 'HealedItself' });
    expect(fault.acts).toEqual([]);
  });

  it('does nothing where the diagnoser can not look: neither healed nor acted', async () => {
    await world.plugins(
      diagnoserOf(fault, { Confirm: () => ({ outcome: 'Failed', reason: 'the dump is lost', retryable: false }) }),
      recovererOf(fault),
    );
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'ConfirmFailed', message: 'the dump is lost' });
    expect(fault.acts).toEqual([]);
  });

  it('proposes anew where the diagnosis has changed, once', async () => {
    const other = testFault(world.victim());
    await world.plugins(diagnoserOf(fault, { Confirm: () => identified(other) }), recovererOf(fault));
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({ phase: 'Succeeded', recovery: { diagnosisChanges: 1, attempts: [{ target: other.target }] } });
  });

  it('gives up where it changes again', async () => {
    let count = 0;
    await world.plugins(diagnoserOf(fault, { Confirm: () => identified(fault, `Cause${(count += 1)}`) }), recovererOf(fault));
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'DiagnosisChanged' });
    expect(fault.acts).toEqual([]);
  });

  it('plans anew where the diagnosis has changed, also for a recoverer that takes one call at a time', async () => {
    const other = testFault(world.victim());
    await world.plugins(diagnoserOf(fault, { Confirm: () => identified(other) }), recovererOf(fault));
    await world.admin.patch(RESOURCES.Recoverer, { name: 'test-recoverer' }, { spec: { concurrency: 1 } }, { type: 'merge' });
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded', recovery: { diagnosisChanges: 1 } });
  });

  it('does no more than what was granted: a plan that has grown since passes its recoverer over', async () => {
    const actions = [{ action: 'EndFault', description: 'ends the test fault' }];
    const plan = (): PlanAnswer => ({ outcome: 'Planned', actions });
    await world.plugins(diagnoserOf(fault), recovererOf(fault, { plan }));
    let granted = false;
    world.grants(() => (granted ? {} : undefined));
    await world.agent();
    await world.create('a');
    await world.until('a', waiting);
    actions.push({ action: 'KillNode', description: 'ends everything' });
    granted = true;
    await world.admin.patch(
      RESOURCES.Abnormal,
      { namespace: 'default', name: 'a' },
      { metadata: { labels: { touched: 'true' } } },
      { type: 'merge' },
    );
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'NoRecovererLeft',
      recovery: {
        passedOver: [{ recoverer: 'test-recoverer', outcome: 'PlanChanged', reason: expect.stringContaining('KillNode') as string }],
      },
    });
    expect([status?.recovery?.attempts, fault.acts]).toEqual([undefined, []]);
  });

  it('refuses a target that is another process by now, whatever the diagnoser says', async () => {
    const process = { ...fault.target.process!, startTicks: '1' };
    fault.target = { kind: 'Process', process };
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason: 'TargetGone',
      message: expect.stringContaining('reused') as string,
    });
    expect(fault.acts).toEqual([]);
  });

  it('refuses a target that may never be touched', async () => {
    fault.target = testFault(process.pid).target;
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'TargetDenied' });
    expect(fault.acts).toEqual([]);
  });

  it('lets the second of two Abnormals with one target wait, and it ends HealedItself', async () => {
    const slow = recovererOf(fault, {
      act: async () => {
        await delay(300);
        fault.present = false;
        return { outcome: 'Acted', actions: [{ action: 'EndFault', description: 'slowly' }] };
      },
    });
    await world.plugins(diagnoserOf(fault), slow);
    await world.agent();
    await Promise.all([world.create('a'), world.create('b')]);
    await Promise.all([world.until('a', waiting), world.until('b', waiting)]);
    world.grants();
    const ends = await Promise.all([world.finished('a'), world.finished('b')]);
    expect(ends.map(({ status }) => status?.reason).sort()).toEqual(['HealedItself', 'Recovered']);
    expect(fault.acts).toHaveLength(1);
  });
});

describe('the act', () => {
  it('is followed by the next recoverer where the fault stays, with a new proposal and a new grant', async () => {
    const useless = recovererOf(
      fault,
      { act: () => ({ outcome: 'Acted', actions: [{ action: 'Nothing', description: 'does nothing' }] }) },
      'useless',
      200,
    );
    await world.plugins(diagnoserOf(fault), useless, recovererOf(fault));
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status?.phase).toBe('Succeeded');
    const [first, second] = status?.recovery?.attempts ?? [];
    expect([first, second]).toMatchObject([
      { recoverer: 'useless', outcome: 'Acted', verified: false },
      { recoverer: 'test-recoverer', outcome: 'Acted', verified: true },
    ]);
    expect(first?.proposalId).not.toBe(second?.proposalId);
  });

  it('that did not help, with nobody left, ends as NotVerified', async () => {
    await world.plugins(
      diagnoserOf(fault),
      recovererOf(fault, { act: () => ({ outcome: 'Acted', actions: [{ action: 'Nothing', description: 'does nothing' }] }) }),
    );
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'NotVerified' });
  });

  it('is not called verified where the diagnoser can not look afterwards', async () => {
    await world.plugins(
      diagnoserOf(fault, { Verify: () => ({ outcome: 'Failed', reason: 'blind', retryable: false }) }),
      recovererOf(fault),
    );
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'NotVerified',
      recovery: { verification: { result: 'NotVerified', message: 'blind' } },
    });
  });

  it('is verified again after the soak, and its outcome is on record meanwhile', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    await world.admin.patch(RESOURCES.RecoveryPolicy, { name: 'auto' }, { spec: { soakSeconds: 1 } }, { type: 'merge' });
    world.grants();
    await world.agent();
    await world.create('a');
    const soaking = await world.until('a', ({ status }) => status?.recovery?.verification?.soakUntil !== undefined);
    expect(soaking.status).toMatchObject({ phase: 'Recovering', recovery: { attempts: [{ outcome: 'Acted' }] } });
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded', recovery: { verification: { result: 'Gone' } } });
    expect(fault.asked).toEqual(['Diagnose', 'Confirm', 'Verify', 'Verify']);
  });

  it('is undone by nothing: a fault that comes back during the soak is not verified', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    await world.admin.patch(RESOURCES.RecoveryPolicy, { name: 'auto' }, { spec: { soakSeconds: 1 } }, { type: 'merge' });
    world.grants();
    await world.agent();
    await world.create('a');
    await world.until('a', ({ status }) => status?.recovery?.verification?.soakUntil !== undefined);
    fault.present = true;
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason: 'NotVerified',
      recovery: { attempts: [{ verified: false }] },
    });
  });

  it('that meets no target is recorded, and healed where the fault is gone too', async () => {
    const gone = recovererOf(fault, {
      act: () => {
        fault.present = false;
        return { outcome: 'TargetGone', reason: 'another process has the pid' };
      },
    });
    await world.plugins(diagnoserOf(fault), gone);
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Succeeded',
      reason: 'HealedItself',
      recovery: { attempts: [{ outcome: 'TargetGone', reason: 'another process has the pid' }] },
    });
  });

  it('that meets no target while the fault is still there is Failed/TargetGone', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault, { act: () => ({ outcome: 'TargetGone' }) }));
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'TargetGone' });
  });

  it('without a clear answer is probed and never repeated: Done goes on to verify', async () => {
    const hanging = recovererOf(fault, {
      timeoutSeconds: 1,
      act: async () => {
        fault.present = false;
        await delay(1500);
        return { outcome: 'Acted', actions: [{ action: 'EndFault', description: 'answers too late' }] };
      },
      probe: () => ({ outcome: 'Done' }),
    });
    await world.plugins(diagnoserOf(fault), hanging);
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Succeeded',
      recovery: { attempts: [{ outcome: 'Acted', verified: true, reason: expect.stringContaining('probe') as string }] },
    });
    expect(fault.acts).toHaveLength(1);
  });

  it('whose effect nobody can tell is Failed/EffectUnknown, and no other recoverer is asked', async () => {
    const broken = recovererOf(
      fault,
      { act: () => ({ outcome: 'Failed', reason: 'lost my mind', retryable: true }), probe: () => ({ outcome: 'Unknown' }) },
      'broken',
      200,
    );
    const other = testFault(world.victim());
    await world.plugins(diagnoserOf(fault), broken, recovererOf(other, {}, 'other'));
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'EffectUnknown', recovery: { attempts: [{ outcome: 'Unknown' }] } });
    expect([fault.acts.length, other.acts.length]).toEqual([1, 0]);
  });

  it('that was found not done is tried again under a new attempt', async () => {
    const flaky = recovererOf(fault, {
      act: () => {
        if (fault.acts.length === 1) return { outcome: 'Failed', reason: 'busy', retryable: true };
        fault.present = false;
        return { outcome: 'Acted', actions: [{ action: 'EndFault', description: 'ended it' }] };
      },
      probe: () => ({ outcome: 'NotDone' }),
    });
    await world.plugins(diagnoserOf(fault), flaky);
    world.grants();
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status?.recovery?.attempts).toMatchObject([{ outcome: 'NotDone' }, { outcome: 'Acted', verified: true }]);
    expect(new Set(fault.acts).size).toBe(2);
  });

  it('that failed for good hands over to the next; nobody left is RecoverersFailed', async () => {
    await world.plugins(
      diagnoserOf(fault),
      recovererOf(fault, { act: () => ({ outcome: 'Failed', reason: 'no permission', retryable: false }) }),
    );
    world.grants();
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason: 'RecoverersFailed',
      recovery: { attempts: [{ outcome: 'Failed', reason: 'no permission' }] },
    });
  });
});

describe('the recoverers', () => {
  it('are asked in their order; without one with a plan it ends as NoRecovererLeft', async () => {
    const never = recovererOf(fault, { plan: () => ({ outcome: 'NotApplicable', reason: 'not my kind' }) }, 'never');
    await world.plugins(diagnoserOf(fault), never);
    await world.agent();
    await world.create('a', { recoverers: ['absent', 'never'] });
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason: 'NoRecovererLeft',
      recovery: { passedOver: [{ recoverer: 'absent' }, { recoverer: 'never', outcome: 'NotApplicable', reason: 'not my kind' }] },
    });
  });

  it('that find no target to plan for: healed where the fault has gone too', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault, { plan: () => ((fault.present = false), { outcome: 'TargetGone' }) }));
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Succeeded', reason: 'HealedItself' });
  });
});
