import type { Abnormal, Grant } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { createLedger } from './ledger.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const target = (pid: number) => ({ kind: 'Process' as const, process: { bootId: 'b', pid, startTicks: '7' } });
const grant: Grant = {
  proposalId: 'p',
  decision: 'Granted',
  reason: 'Granted',
  trace: [],
  decidedAt: '2026-01-01T12:00:00Z',
  expiresAt: '2026-01-01T12:01:00Z',
};
const abnormal = (uid: string, recovery: NonNullable<Abnormal['status']>['recovery'], node = 'n1'): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: uid, namespace: 'default', uid },
  spec: { source: 'Custom', fault: 'X', nodeName: node, processReference: { pid: 42 } },
  status: {
    phase: 'Recovering',
    diagnosis: {
      diagnoser: 'd',
      cause: 'C',
      title: 't',
      severity: 'info',
      confidence: 'high',
      evidence: [],
      target: target(1000),
      identifiedAt: '2026-01-01T11:00:00Z',
    },
    recovery,
  },
});
const proposal = (pid: number) => ({
  id: 'p',
  recoverer: 'r',
  target: target(pid),
  plannedActions: [{ action: 'K', description: 'd' }],
  proposedAt: '2026-01-01T12:00:00Z',
});
const attempt = (pid: number) => ({ id: 'a', proposalId: 'p', recoverer: 'r', target: target(pid), intentAt: '2026-01-01T11:59:00Z' });

describe('the ledger', () => {
  it('counts attempts by node and cause, and finds them by target on any node', () => {
    const ledger = createLedger();
    ledger.record(abnormal('a', { attempts: [attempt(7)] }));
    ledger.record(abnormal('b', { attempts: [attempt(8)] }, 'n2'));
    const asks = abnormal('c', { proposal: proposal(8) });
    expect(ledger.recent(asks, NOW - 3_600_000, NOW)).toEqual({ count: 1, earliest: Date.parse('2026-01-01T11:59:00Z') });
    expect(ledger.recent(asks, NOW - 30_000, NOW)).toEqual({ count: 0, earliest: undefined });
    expect(ledger.onTarget(asks, 'process/b/8/7', NOW).map((one) => one.abnormalUid)).toEqual(['b']);
  });

  it('counts a grant that is being written before any cache shows it, once, until it lapses or is used', () => {
    const ledger = createLedger();
    const first = abnormal('a', { proposal: proposal(7) });
    const second = abnormal('b', { proposal: { ...proposal(7), id: 'q' } });
    const seen = (now = NOW) => [ledger.onTarget(second, 'process/b/7/7', now).map((one) => one.kind), ledger.recent(second, 0, now).count];
    ledger.expect(first, grant);
    expect(seen()).toEqual([['Granted'], 1]);
    ledger.record(abnormal('a', { proposal: proposal(7), grant }));
    expect(seen()).toEqual([['Granted'], 1]);
    expect(seen(NOW + 61_000)).toEqual([[], 0]);
    ledger.record(abnormal('a', { proposal: proposal(7), grant, attempts: [attempt(7)] }));
    expect(seen()).toEqual([['Attempted'], 1]);
  });

  it('does not hold an Abnormal’s own unused grant against it', () => {
    const ledger = createLedger();
    const own = abnormal('a', { proposal: proposal(7), grant });
    ledger.record(own);
    expect(ledger.onTarget(own, 'process/b/7/7', NOW)).toEqual([]);
    expect(ledger.recent(own, 0, NOW).count).toBe(0);
  });

  it('does not count an attempt that did nothing', () => {
    const ledger = createLedger();
    ledger.record(abnormal('a', { attempts: [{ ...attempt(7), outcome: 'TargetGone' }] }));
    ledger.record(abnormal('b', { attempts: [{ ...attempt(7), outcome: 'Unknown' }] }));
    expect(ledger.onTarget(abnormal('c', {}), 'process/b/7/7', NOW).map((one) => one.abnormalUid)).toEqual(['b']);
    expect(ledger.recent(abnormal('c', {}), 0, NOW).count).toBe(1);
  });

  it('forgets what was deleted', () => {
    const ledger = createLedger();
    const one = abnormal('a', { attempts: [attempt(7)] });
    ledger.record(one);
    ledger.remove(one);
    expect(ledger.onTarget(abnormal('b', {}), 'process/b/7/7', NOW)).toEqual([]);
    expect(ledger.recent(abnormal('b', {}), 0, NOW).count).toBe(0);
  });

  it.each(['seen', 'not seen'])('forgets a grant when its Abnormal ends without using it (its grant %s by the cache before)', (cache) => {
    const ledger = createLedger();
    const first = abnormal('a', { proposal: proposal(7) });
    const second = abnormal('b', { proposal: { ...proposal(7), id: 'q' } });
    ledger.record(first);
    ledger.expect(first, grant);
    const granted = abnormal('a', { proposal: proposal(7), grant });
    if (cache === 'seen') ledger.record(granted);
    expect(ledger.onTarget(second, 'process/b/7/7', NOW)).toHaveLength(1);
    ledger.record({ ...granted, status: { ...granted.status, phase: 'Failed', reason: 'ConfirmFailed' } });
    expect(ledger.onTarget(second, 'process/b/7/7', NOW)).toEqual([]);
    expect(ledger.recent(second, 0, NOW).count).toBe(0);
  });
});
