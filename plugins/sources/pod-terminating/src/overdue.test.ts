import type { Abnormal } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { deadline, nextStep } from './overdue.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const pod = { metadata: { name: 'p', namespace: 'default', uid: 'u-1', deletionTimestamp: '2026-01-01T11:58:00Z' } };
const config = { againMs: 1_800_000, episodes: 3 };
const abnormal = (phase?: 'Failed' | 'Recovering', completionTime?: string, episode = 1): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: `pod-terminating-u-1-${episode}` },
  spec: { source: 'Custom', fault: 'PodStuckTerminating' },
  status: { phase, completionTime },
});

describe('a pod past its deletion deadline', () => {
  it('counts from deletionTimestamp, which already contains the grace period, plus slack', () => {
    expect(deadline(pod, 60_000)).toBe(Date.parse('2026-01-01T11:59:00Z'));
    expect(deadline({ metadata: { name: 'p', namespace: 'default', uid: 'u' } }, 60_000)).toBeUndefined();
  });

  it('gets one Abnormal', () => expect(nextStep(pod, [], config, now)).toEqual({ create: 1 }));

  it('gets none while one is open', () => expect(nextStep(pod, [abnormal('Recovering')], config, now)).toEqual({ againInMs: 1_800_000 }));

  it('gets another when it is still stuck half an hour after the last, and three in all', () => {
    const failed = abnormal('Failed', '2026-01-01T11:50:00Z');
    expect(nextStep(pod, [failed], config, now)).toEqual({ againInMs: 1_200_000 });
    expect(nextStep(pod, [failed], config, now + 1_200_000)).toEqual({ create: 2 });
    const third = abnormal('Failed', '2026-01-01T11:50:00Z', 3);
    expect(nextStep(pod, [failed, third], config, now + 9_000_000)).toBeUndefined();
    // Somebody deleted those before: the third stays the third.
    expect(nextStep(pod, [third], config, now + 9_000_000)).toBeUndefined();
  });
});
