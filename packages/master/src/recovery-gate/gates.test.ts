import type { Abnormal, RecoveryApproval, RecoveryHold } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { decide, saysMore } from './decision.ts';
import type { GateInput } from './gate.ts';
import { GATES } from './gates.ts';
import type { LedgerEntry } from './ledger.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const process = { bootId: 'b', pid: 42, startTicks: '7' };
const target = { kind: 'Process' as const, process };
const diagnosis = {
  diagnoser: 'd',
  cause: 'DoesNotReap',
  title: 't',
  severity: 'warning' as const,
  confidence: 'high' as const,
  evidence: [],
  target,
  identifiedAt: '2026-01-01T11:59:00Z',
};
const proposal = {
  id: 'p1',
  recoverer: 'r',
  target,
  plannedActions: [{ action: 'KillProcess', description: 'kill 42' }],
  proposedAt: '2026-01-01T11:59:30Z',
};
const abnormal: Abnormal = {
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'a', namespace: 'default', uid: 'u1' },
  spec: { source: 'Custom', fault: 'UnreapedChildren', nodeName: 'n1', processReference: { pid: 42 } },
  status: { phase: 'Recovering', diagnosis, recovery: { proposal } },
};
const policy = {
  policy: 'p',
  mode: 'Auto' as const,
  intrusiveDiagnosis: 'Allow' as const,
  permits: [],
  grantSeconds: 60,
  approvalSeconds: 3600,
  soakSeconds: 0,
  coolDownSeconds: 600,
  loopBreaker: { attempts: 3, windowSeconds: 3600 },
};
const input = (change: Partial<GateInput> = {}): GateInput => ({
  abnormal,
  diagnosis,
  proposal,
  policy,
  holds: [],
  onTarget: [],
  recent: { count: 0, earliest: undefined },
  approval: undefined,
  now: NOW,
  ...change,
});
const hold = (spec: Partial<RecoveryHold['spec']>): RecoveryHold => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'RecoveryHold',
  metadata: { name: 'h' },
  spec: { scope: { all: true }, owner: 'sre', reason: 'change freeze', ...spec },
});
const word = (decision: 'Approve' | 'Deny'): RecoveryApproval => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'RecoveryApproval',
  metadata: { name: 'ra', namespace: 'default', creationTimestamp: '2026-01-01T11:59:50Z' },
  spec: { abnormal: 'a', proposalId: 'p1', decision, approver: 'ann' },
});
const entry = (change: Partial<LedgerEntry>): LedgerEntry => ({
  abnormalUid: 'other',
  proposalId: 'x',
  target: 'process/b/42/7',
  node: 'n1',
  cause: 'DoesNotReap',
  at: NOW - 1000,
  kind: 'Attempted',
  ...change,
});
const decision = (change: Partial<GateInput>) => {
  const { decision: answer, reason } = decide(input(change)).grant;
  return `${answer}/${reason}`;
};

describe('the recovery gate', () => {
  it.each<[string, object, string]>([
    ['the same pod', { namespace: 'shop', name: 'web-0', uid: 'u' }, 'Granted/Granted'],
    ['the same name', { namespace: 'shop', name: 'web-0' }, 'Granted/Granted'],
    ['another name with its uid', { namespace: 'mine', name: 'own', uid: 'u' }, 'Denied/TargetDenied'],
    ['its name with another uid', { namespace: 'shop', name: 'web-0', uid: 'v' }, 'Denied/TargetDenied'],
  ])('looks whether the pod that was found is the named one: %s', (_what, podReference, verdict) => {
    const found = { ...target, pod: { namespace: 'shop', name: 'web-0', uid: 'u' } };
    const spec = { ...abnormal.spec, processReference: undefined, podReference } as Abnormal['spec'];
    const change = { diagnosis: { ...diagnosis, target: found }, proposal: { ...proposal, target: found } };
    expect(decision({ abnormal: { ...abnormal, spec }, ...change })).toBe(verdict);
  });

  it('asks its gates in the order of docs/safety, and keeps the whole trace', () => {
    const { grant } = decide(input({ holds: [hold({})], policy: { ...policy, mode: 'Observe' } }));
    expect(grant.trace.map((one) => `${one.gate}:${one.verdict}`)).toEqual([
      'target:Allow',
      'hold:Wait',
      'mode:Deny',
      'cool-down:Allow',
      'loop-breaker:Allow',
      'approval:Wait',
    ]);
    expect(grant).toMatchObject({ decision: 'Denied', reason: 'ObserveOnly' });
  });

  it('grants in Auto with confidence high, for a bounded time', () => {
    expect(decide(input()).grant).toMatchObject({
      decision: 'Granted',
      reason: 'Granted',
      proposalId: 'p1',
      expiresAt: '2026-01-01T12:01:00.000Z',
    });
  });

  it.each<[string, Partial<GateInput>, string]>([
    ['no policy matches', { policy: { ...policy, policy: undefined, mode: 'Observe' } }, 'Denied/ObserveOnly'],
    ['the policy says Observe', { policy: { ...policy, mode: 'Observe' } }, 'Denied/ObserveOnly'],
    [
      'the target is not the diagnosed one',
      { proposal: { ...proposal, target: { kind: 'Process', process: { ...process, startTicks: '8' } } } },
      'Denied/TargetDenied',
    ],
    ['the identity is incomplete', { proposal: { ...proposal, target: { kind: 'Process' } } }, 'Denied/TargetDenied'],
    [
      'the plan needs a permit',
      { proposal: { ...proposal, plannedActions: [{ action: 'K', description: 'd', requires: ['KillRunningContainer'] }] } },
      'Denied/PermitMissing',
    ],
    ['everything is held', { holds: [hold({})] }, 'Waiting/Held'],
    ['its node is held', { holds: [hold({ scope: { node: 'n1' } })] }, 'Waiting/Held'],
    ['its namespace is held', { holds: [hold({ scope: { namespace: 'default' } })] }, 'Waiting/Held'],
    [
      'the Abnormal itself is held',
      { holds: [hold({ scope: { object: { kind: 'Abnormal', namespace: 'default', name: 'a' } } })] },
      'Waiting/Held',
    ],
    ['another node is held', { holds: [hold({ scope: { node: 'n2' } })] }, 'Granted/Granted'],
    ['the hold has expired', { holds: [hold({ expiresAt: '2026-01-01T11:00:00Z' })] }, 'Granted/Granted'],
    ['the same target was acted on a moment ago', { onTarget: [entry({})] }, 'Waiting/CoolingDown'],
    ['the same target was acted on long ago', { onTarget: [entry({ at: NOW - 700_000 })] }, 'Granted/Granted'],
    ['another Abnormal has a grant for the target', { onTarget: [entry({ kind: 'Granted', until: NOW + 1000 })] }, 'Waiting/CoolingDown'],
    ['three others were repaired in the hour', { recent: { count: 3, earliest: NOW - 1000 } }, 'Waiting/LoopBreakerOpen'],
    [
      'three in the hour, and a person approved this one',
      { recent: { count: 3, earliest: NOW - 1000 }, approval: word('Approve') },
      'Granted/Approved',
    ],
    ['two others in the hour', { recent: { count: 2, earliest: NOW - 1000 } }, 'Granted/Granted'],
    ['Approve waits', { policy: { ...policy, mode: 'Approve' } }, 'Waiting/ApprovalRequired'],
    ['a person approves', { policy: { ...policy, mode: 'Approve' }, approval: word('Approve') }, 'Granted/Approved'],
    ['a person denies, even in Auto', { approval: word('Deny') }, 'Denied/ApprovalDenied'],
    ['nobody decides', { policy: { ...policy, mode: 'Approve', approvalSeconds: 10 } }, 'Denied/ApprovalExpired'],
    ['Auto is not sure', { diagnosis: { ...diagnosis, confidence: 'medium' } }, 'Waiting/ConfidenceTooLow'],
    ['an approval does not lift a hold', { holds: [hold({})], approval: word('Approve') }, 'Waiting/Held'],
    ['an approval does not lift Observe', { policy: { ...policy, mode: 'Observe' }, approval: word('Approve') }, 'Denied/ObserveOnly'],
  ])('%s', (_what, change, expected) => expect(decision(change)).toBe(expected));

  it('denies when a gate can’t be evaluated', () => {
    const broken = {
      name: 'broken',
      ask: () => {
        throw new Error('no data');
      },
    };
    expect(decide(input(), [...GATES, broken]).grant).toMatchObject({ decision: 'Denied', reason: 'GateFailed' });
  });

  it('withdraws a grant that was not used when a hold comes', () => {
    const granted = { ...abnormal, status: { ...abnormal.status, recovery: { proposal, grant: decide(input()).grant } } };
    expect(decide(input({ abnormal: granted, holds: [hold({})] })).grant).toMatchObject({ decision: 'Withdrawn', reason: 'Held' });
  });

  it('says when time alone may change the answer', () => {
    expect(decide(input({ onTarget: [entry({ at: NOW - 1000 })] })).againInMs).toBe(599_000);
    expect(decide(input({ policy: { ...policy, mode: 'Approve', approvalSeconds: 60 } })).againInMs).toBe(30_000);
  });

  it('writes only what says more: not a repeated wait, but a renewed grant', () => {
    const waiting = decide(input({ holds: [hold({})] })).grant;
    expect(saysMore({ ...waiting, decidedAt: 'later' }, { recovery: { proposal, grant: waiting } })).toBe(false);
    const { grant } = decide(input());
    expect(saysMore(decide(input({ now: NOW + 1000 })).grant, { recovery: { proposal, grant } })).toBe(false);
    expect(saysMore(decide(input({ now: NOW + 61_000 })).grant, { recovery: { proposal, grant } })).toBe(true);
  });
});
