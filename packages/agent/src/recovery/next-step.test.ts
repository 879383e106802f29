import type { Grant, Proposal, RecoveryAttempt, TargetIdentity } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { exhaustedReason, mayStop, nextRecoveryStep, spentRecoverers } from './next-step.ts';
import type { Recovery } from './next-step.ts';

const T0 = '2026-01-01T00:00:00.000Z';
const NOW = Date.parse(T0);
const target: TargetIdentity = { kind: 'Process', process: { bootId: 'b', pid: 7, startTicks: '1' } };
const proposal: Proposal = { id: 'p1', recoverer: 'r1', target, plannedActions: [{ action: 'X', description: 'x' }], proposedAt: T0 };
const grant = (more: Partial<Grant> = {}): Grant => ({
  proposalId: 'p1',
  decision: 'Granted',
  reason: 'Granted',
  trace: [],
  decidedAt: T0,
  expiresAt: T0,
  ...more,
});
const attempt = (more: Partial<RecoveryAttempt> = {}): RecoveryAttempt => ({
  id: 'a1',
  proposalId: 'p1',
  recoverer: 'r1',
  target,
  intentAt: T0,
  ...more,
});
const step = (recovery: Recovery | undefined, journalled: RecoveryAttempt[] = [], valid = true) =>
  nextRecoveryStep(recovery, journalled, valid, NOW);

describe('the next step of a recovery', () => {
  it.each<[string, Recovery | undefined, string]>([
    ['nothing yet', undefined, 'propose'],
    ['a proposal', { proposal }, 'awaitMaster'],
    ['a grant of an earlier proposal', { proposal, grant: grant({ proposalId: 'p0' }) }, 'awaitMaster'],
    ['a gate that waits for a person', { proposal, grant: grant({ decision: 'Waiting', reason: 'ApprovalRequired' }) }, 'awaitGrant'],
    ['a grant that a hold took back', { proposal, grant: grant({ decision: 'Withdrawn', reason: 'Held' }) }, 'awaitGrant'],
    ['a grant', { proposal, grant: grant() }, 'act'],
    ['an intent without an end', { proposal, grant: grant(), attempts: [attempt()] }, 'probe'],
    ['an act', { proposal, grant: grant(), attempts: [attempt({ outcome: 'Acted' })] }, 'verify'],
    ['an act that met no target', { proposal, grant: grant(), attempts: [attempt({ outcome: 'TargetGone' })] }, 'verify'],
    ['an act that did not help', { proposal, grant: grant(), attempts: [attempt({ outcome: 'Acted', verified: false })] }, 'propose'],
    ['an act that failed for good', { proposal, grant: grant(), attempts: [attempt({ outcome: 'Failed' })] }, 'propose'],
    ['an act that was found not done', { proposal, grant: grant(), attempts: [attempt({ outcome: 'NotDone' })] }, 'act'],
    ['an act that nobody can tell', { proposal, grant: grant(), attempts: [attempt({ outcome: 'Unknown' })] }, 'fail'],
    [
      'no target, and the fault still there',
      { proposal, grant: grant(), attempts: [attempt({ outcome: 'TargetGone', verified: false })] },
      'fail',
    ],
    ['a recoverer that was passed over', { proposal, passedOver: [{ recoverer: 'r1', outcome: 'PassedOver', reason: '' }] }, 'propose'],
    ['sixteen attempts', { proposal, attempts: Array.from({ length: 16 }, (_, n) => attempt({ id: `a${n}`, outcome: 'Failed' })) }, 'fail'],
  ])('after %s', (_, recovery, expected) => expect(step(recovery).step).toBe(expected));

  it('is to wait for a renewal where the grant has lapsed, from that moment on', () => {
    expect(step({ proposal, grant: grant() }, [], false)).toEqual({ step: 'awaitMaster', since: T0 });
  });

  it('is to fail with the reason of the gate, unless that is about one plan', () => {
    const denied = (reason: string) => step({ proposal, grant: grant({ decision: 'Denied', reason }) });
    expect(denied('ObserveOnly')).toMatchObject({ step: 'refused', reason: 'ObserveOnly', next: false });
    expect(denied('PermitMissing')).toMatchObject({ reason: 'PermitMissing', next: true });
    expect(denied('TargetDenied')).toMatchObject({ next: true });
    expect(denied('SomethingNew')).toMatchObject({ reason: 'GateFailed', next: false });
  });

  it('is to look again only when the soak is over', () => {
    const soaking = (soakUntil: string) =>
      step({ attempts: [attempt({ outcome: 'Acted' })], verification: { attemptId: 'a1', startedAt: T0, soakUntil } });
    expect(soaking('2026-01-01T00:00:10.000Z')).toEqual({ step: 'soak', until: '2026-01-01T00:00:10.000Z' });
    expect(soaking(T0).step).toBe('verify');
  });
});

describe('the union of the API and the journal', () => {
  it('probes an intent that either of them has', () => {
    expect(step({ proposal, grant: grant(), attempts: [attempt()] }, []).step).toBe('probe');
    expect(step({ proposal, grant: grant() }, [attempt()])).toEqual({ step: 'adopt', attempt: attempt() });
  });

  it('takes an end that only the journal has, without a probe', () => {
    const ended = attempt({ outcome: 'Acted' });
    expect(step({ proposal, grant: grant(), attempts: [attempt()] }, [ended])).toEqual({ step: 'adopt', attempt: ended });
  });

  it('lets the API’s end stand', () => {
    expect(step({ proposal, grant: grant(), attempts: [attempt({ outcome: 'Acted' })] }, [attempt()]).step).toBe('verify');
  });

  it('never leads to an act while any attempt has no end', () => {
    for (const api of [undefined, attempt(), attempt({ outcome: 'Acted' }), attempt({ outcome: 'Unknown' })])
      for (const journal of [[], [attempt()], [attempt({ id: 'a2' })]])
        if (api || journal.length > 0)
          expect(step({ proposal, grant: grant(), ...(api && { attempts: [api] }) }, journal).step).not.toBe('act');
  });
});

describe('what follows from a ledger', () => {
  it('may be stopped unless something is open or unverified', () => {
    expect([undefined, {}, { attempts: [attempt({ outcome: 'Failed' })] }].map(mayStop)).toEqual([true, true, true]);
    expect([{ attempts: [attempt()] }, { attempts: [attempt({ outcome: 'Acted' })] }].map(mayStop)).toEqual([false, false]);
  });

  it('asks nobody twice, but one whose attempt was not done', () => {
    const recovery = {
      attempts: [attempt({ outcome: 'Failed' }), attempt({ recoverer: 'r2', outcome: 'NotDone' })],
      passedOver: [{ recoverer: 'r3', outcome: 'Absent', reason: '' }],
    };
    expect([...spentRecoverers(recovery)]).toEqual(['r1', 'r3']);
  });

  it.each([
    ['NoRecovererLeft', {}],
    ['NoRecovererLeft', { passedOver: [{ recoverer: 'r', outcome: 'NotApplicable', reason: '' }] }],
    ['RecoverersFailed', { attempts: [attempt({ outcome: 'Failed' })] }],
    ['NotVerified', { attempts: [attempt({ outcome: 'Acted', verified: false })] }],
    ['PermitMissing', { passedOver: [{ recoverer: 'r', outcome: 'PermitMissing', reason: '' }] }],
    ['TargetGone', { passedOver: [{ recoverer: 'r', outcome: 'TargetGone', reason: '' }] }],
  ] satisfies [string, Recovery][])('ends as %s when nobody is left', (reason, recovery) => expect(exhaustedReason(recovery)).toBe(reason));
});
