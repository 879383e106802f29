import { testCollector } from '@kdr/plugin-sdk/testing';
import { describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

describe('the collector container', () => {
  testCollector(plugin, {
    test,
    cases: [
      {
        name: 'is not for a process that is in no container',
        request: { spec: { processReference: { pid: process.pid } } },
        expect: (answer) =>
          expect(answer).toMatchObject({
            outcome: 'NotApplicable',
            reason: `process ${process.pid} is in no container, and no containerd shim`,
          }),
      },
      {
        name: 'says that the target is gone where another process has its pid',
        request: { spec: { processReference: { pid: process.pid, startTicks: '1' } } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('the pid was reused') }),
      },
      {
        name: 'says that no shim serves an unknown container',
        request: { parameters: { containerId: 'no-such-container' } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('no containerd shim serves') }),
      },
      {
        name: 'says that no shim serves a pod that is not here',
        request: { spec: { processReference: undefined, podReference: { namespace: 'a', name: 'b', container: 'c' } } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('serves pod a/b, container c') }),
      },
    ],
  });
});
