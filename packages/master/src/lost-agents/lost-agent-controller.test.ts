import type { Abnormal } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../options.ts';
import { createSilenceCheck, judgeSilence } from './lost-agent-controller.ts';

const born = Date.parse('2026-01-01T12:00:00Z');
const abnormal = (open: boolean): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'a', creationTimestamp: '2026-01-01T12:00:00Z' },
  spec: { source: 'Custom', fault: 'X', nodeName: 'n1', processReference: { pid: 42 } },
  status: open
    ? {
        recovery: {
          attempts: [{ id: 'a', proposalId: 'p', recoverer: 'r', target: { kind: 'Process' }, intentAt: '2026-01-01T12:00:01Z' }],
        },
      }
    : {},
});

describe('a silent agent', () => {
  it('is waited for, from the Abnormal’s creation or its last word, whichever is later', () => {
    expect(judgeSilence(abnormal(false), undefined, born + 30_000, DEFAULT_OPTIONS)).toEqual({ waitMs: 90_000 });
    expect(judgeSilence(abnormal(false), born + 20_000, born + 30_000, DEFAULT_OPTIONS)).toEqual({ waitMs: 110_000 });
  });

  it('is AgentUnavailable after 2 min where nothing had acted', () => {
    expect(judgeSilence(abnormal(false), born, born + 120_000, DEFAULT_OPTIONS)).toMatchObject({ reason: 'AgentUnavailable' });
  });

  it('is EffectUnknown, after 10 min only, where an intent was written', () => {
    expect(judgeSilence(abnormal(true), born, born + 120_000, DEFAULT_OPTIONS)).toEqual({ waitMs: 480_000 });
    expect(judgeSilence(abnormal(true), born, born + 600_000, DEFAULT_OPTIONS)).toMatchObject({ reason: 'EffectUnknown' });
  });
});

describe('a silence', () => {
  it('counts when it is still there a while after it was noticed: a master that was stopped itself hears its agents again first', () => {
    const silence = createSilenceCheck(15_000);
    expect(silence.waitMs('default/a', 1_000_000)).toBe(15_000);
    expect(silence.waitMs('default/a', 1_010_000)).toBe(5_000);
    expect(silence.waitMs('default/a', 1_015_000)).toBe(0);
  });

  it('begins anew after the agent was heard', () => {
    const silence = createSilenceCheck(15_000);
    silence.waitMs('default/a', 0);
    silence.forget('default/a');
    expect(silence.waitMs('default/a', 60_000)).toBe(15_000);
  });
});
