import type { Abnormal } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { nextEpisode, parentLabel } from './episode.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const abnormal = (status: Abnormal['status']): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'x' },
  spec: { source: 'Custom', fault: 'UnreapedChildren' },
  status,
});
const label = parentLabel({ pid: 42, startTicks: '777' }, '01234567-89ab');

describe('one Abnormal per parent and episode', () => {
  it('names the first after the parent’s identity', () =>
    expect(nextEpisode(label, [], 1000, now)).toBe('unreaped-children-42-777-01234567-1'));

  it('makes none while one is open', () => {
    expect(nextEpisode(label, [abnormal(undefined)], 0, now)).toBeUndefined();
    expect(nextEpisode(label, [abnormal({ phase: 'Recovering' })], 0, now)).toBeUndefined();
  });

  it('makes none until it has been quiet long enough after the last', () => {
    const done = abnormal({ phase: 'Failed', completionTime: '2026-01-01T11:59:59Z' });
    expect(nextEpisode(label, [done], 1800_000, now)).toBeUndefined();
    expect(nextEpisode(label, [done], 1_000, now)).toBe('unreaped-children-42-777-01234567-2');
  });
});
