import type { Abnormal } from '@kdr/api-types';
import { expect, it } from 'vitest';
import { timeline } from './timeline.ts';

const abnormal: Abnormal = {
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'Abnormal',
  metadata: { name: 'a', creationTimestamp: '2026-01-01T12:00:00Z' },
  spec: { source: 'Custom', fault: 'UnreapedChildren', nodeName: 'n1' },
  status: {
    phase: 'Succeeded',
    reason: 'Recovered',
    startTime: '2026-01-01T12:00:01Z',
    completionTime: '2026-01-01T12:00:09Z',
    recovery: {
      attempts: [
        {
          id: 'x',
          proposalId: 'p',
          recoverer: 'process-kill',
          target: { kind: 'Process' },
          intentAt: '2026-01-01T12:00:05Z',
          doneAt: '2026-01-01T12:00:06Z',
          outcome: 'Acted',
          actions: [{ action: 'TerminateProcess', description: 'SIGTERM to 42' }],
        },
      ],
    },
  },
};

it('puts moments and Events in their order, and leaves out what has not happened', () => {
  expect(timeline(abnormal, [{ time: '2026-01-01T12:00:03Z', reason: 'Identified', message: 'it is X' }]).map(([, text]) => text)).toEqual([
    'created: UnreapedChildren, source Custom',
    'taken by the agent of n1',
    'Event Identified: it is X',
    'intent x written: process-kill',
    'Acted: SIGTERM to 42',
    'Succeeded (Recovered)',
  ]);
});
