import type { Abnormal, AbnormalStatus } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { failed, recorded, succeeded } from './change.ts';
import { nextStatus } from './status-writer.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const abnormal = (status?: AbnormalStatus): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'a', uid: 'u', generation: 3 },
  spec: { source: 'Custom', fault: 'X' },
  status,
});
const collecting = abnormal({ phase: 'InformationCollecting', startTime: NOW });

describe('the next status', () => {
  it('begins with the first stage', () => {
    expect(nextStatus(abnormal(), { phase: undefined, apply: (status) => status }, NOW)).toEqual({
      phase: 'InformationCollecting',
      startTime: NOW,
      observedGeneration: 3,
    });
  });

  it('takes the phase from the conditions', () => {
    expect(nextStatus(collecting, succeeded('InformationCollecting', 'Collected', 'all'), NOW)).toMatchObject({
      phase: 'Diagnosing',
      reason: 'Collected',
      conditions: [
        {
          type: 'InformationCollected',
          status: 'True',
          reason: 'Collected',
          message: 'all',
          lastTransitionTime: NOW,
          observedGeneration: 3,
        },
      ],
    });
    expect(nextStatus(collecting, failed('InformationCollecting', 'Cancelled', 'x'), NOW)).toMatchObject({
      phase: 'Failed',
      completionTime: NOW,
    });
  });

  it('is none where the Abnormal has moved on, is finished, or is not as it was wanted', () => {
    const change = succeeded('InformationCollecting', 'Collected', '');
    expect(nextStatus(abnormal({ phase: 'Diagnosing' }), change, NOW)).toBeUndefined();
    expect(nextStatus(abnormal({ phase: 'Failed' }), { phase: 'Failed', apply: (status) => status }, NOW)).toBeUndefined();
    expect(nextStatus(collecting, { ...change, when: () => false }, NOW)).toBeUndefined();
    expect(
      nextStatus(
        collecting,
        recorded('InformationCollecting', () => undefined),
        NOW,
      ),
    ).toBeUndefined();
  });

  it('refuses a step that the state machine does not have', () => {
    expect(() => nextStatus(collecting, succeeded('Diagnosing', 'Identified', ''), NOW)).not.toThrow();
    expect(() => nextStatus(collecting, { ...succeeded('Recovering', 'Recovered', ''), phase: 'InformationCollecting' }, NOW)).toThrow(
      /InformationCollecting to Succeeded/,
    );
    expect(() => nextStatus(collecting, failed('InformationCollecting', 'NotIdentified', ''), NOW)).toThrow(/NotIdentified/);
  });
});
