import type { Abnormal, AbnormalStatus } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { createWorkClock, workedBefore } from './work-clock.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const abnormal = (status?: AbnormalStatus): Abnormal => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'a', uid: 'u' },
  spec: { source: 'Custom', fault: 'X' },
  status,
});
const condition = (type: string, seconds: number) => ({ type, status: 'True' as const, reason: 'R', lastTransitionTime: at(seconds) });
const target = { kind: 'Process' as const };
const proposal = { id: 'p', recoverer: 'r', target, plannedActions: [], proposedAt: at(20) };

describe('what another process has worked', () => {
  const before = (status: AbnormalStatus | undefined, seconds: number) => {
    const { stageMs, totalMs } = workedBefore(abnormal(status), START + seconds * 1000);
    return [stageMs / 1000, totalMs / 1000];
  };
  it.each<[string, AbnormalStatus | undefined, number, [number, number]]>([
    ['nothing of one that nobody took', undefined, 100, [0, 0]],
    ['since the start in the first stage', { phase: 'InformationCollecting', startTime: at(0) }, 30, [30, 30]],
    [
      'since the stage began in a later one',
      { phase: 'Diagnosing', startTime: at(0), conditions: [condition('InformationCollected', 10)] },
      30,
      [20, 30],
    ],
    [
      'not while a grant was waited for',
      { phase: 'Recovering', startTime: at(0), conditions: [condition('Identified', 20)], recovery: { proposal } },
      500,
      [0, 20],
    ],
    [
      'again from the intent on',
      {
        phase: 'Recovering',
        startTime: at(0),
        conditions: [condition('Identified', 20)],
        recovery: { proposal, attempts: [{ id: 'a', proposalId: 'p', recoverer: 'r', target, intentAt: at(400) }] },
      },
      410,
      [10, 30],
    ],
    ['never less than nothing, when the clock was set back', { phase: 'InformationCollecting', startTime: at(0) }, -50, [0, 0]],
  ])('is %s', (_, status, now, expected) => expect(before(status, now)).toEqual(expected));
});

describe('the clock of work', () => {
  it('counts only what is worked, and the stage anew with each stage', () => {
    let mono = 0;
    const clock = createWorkClock({ now: () => mono, date: () => new Date(START) });
    const taken = abnormal({ phase: 'InformationCollecting', startTime: at(0) });
    const first = clock.begin(taken);
    mono += 1000;
    first.end();
    mono += 9000;
    const second = clock.begin(taken);
    mono += 500;
    expect(second.worked(taken)).toMatchObject({ stageMs: 1500, totalMs: 1500 });
    const next = abnormal({ phase: 'Diagnosing', startTime: at(0) });
    second.worked(next);
    mono += 100;
    expect(second.worked(next)).toMatchObject({ stageMs: 100, totalMs: 1600 });
  });
});
