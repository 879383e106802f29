import { testCollector } from '@kdr/plugin-sdk/testing';
import { describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

describe('the collector psi', () => {
  testCollector(plugin, {
    // Each look takes a second.
    test: test.concurrent,
    cases: [
      {
        name: 'gives the pressure of this machine, or says that it is switched off',
        request: { spec: { processReference: { pid: process.pid } } },
        expect: (answer) => {
          expect(answer).toMatchObject({ outcome: 'Collected', summary: expect.stringMatching(/^pressure of the node: cpu /) });
          const { node } = ('data' in answer ? answer.data : {}) as {
            node: Record<string, { state: string; reason?: string; some?: object }>;
          };
          for (const [name, { state, reason, some }] of Object.entries(node)) {
            expect(state === 'Enabled' ? some : reason, name).toBeTruthy();
          }
        },
      },
      { name: 'gives the node’s where the target is gone', expect: 'Collected' },
    ],
  });
});
