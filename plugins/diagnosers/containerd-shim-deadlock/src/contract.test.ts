import { spawn } from 'node:child_process';
import { testDiagnoser } from '@kdr/plugin-sdk/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

const sleeping = spawn('sleep', ['1000'], { stdio: 'ignore' });
const pid = sleeping.pid ?? 0;
afterAll(() => void sleeping.kill('SIGKILL'));

describe('the diagnoser containerd-shim-deadlock', () => {
  testDiagnoser(plugin, {
    test,
    cases: [
      {
        name: 'says what a plain process is',
        request: { spec: { fault: 'UnreapedChildren', processReference: { pid } }, information: { container: { shims: [] } } },
        expect: (answer) =>
          expect(answer).toMatchObject({
            outcome: 'NotIdentified',
            reason: expect.stringMatching(/^PID \d+ is \/.*sleep, not a containerd shim/),
          }),
      },
      {
        name: 'names why the collector gave nothing',
        request: {
          spec: { fault: 'PodStuckTerminating', processReference: undefined, podReference: { namespace: 'a', name: 'b', uid: 'u' } },
        },
        expect: (answer) => expect(answer).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('container') }),
      },
      {
        name: 'does not verify a pod that it could not look at',
        request: {
          spec: { fault: 'PodStuckTerminating', processReference: undefined, podReference: { namespace: 'a', name: 'b', uid: 'u' } },
          purpose: 'Verify',
        },
        expect: 'Failed',
      },
      {
        name: 'verifies that the shim it diagnosed is gone, and says that it does not know what was to be cleaned up',
        request: { purpose: 'Verify', diagnosis: { cause: 'ContainerdShimReaperDeadlock' } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('the shim 4194304 is gone') }),
      },
      {
        name: 'does not verify while what it diagnosed lives and cannot be looked at',
        request: { spec: { processReference: { pid } }, purpose: 'Verify' },
        expect: 'Failed',
      },
      {
        name: 'refuses data of another shape from the collector',
        request: { information: { container: { shims: [{}] } } },
        expect: 'Failed',
      },
    ],
  });
});
