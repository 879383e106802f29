import { createProcfs, processIdentity } from '@kdr/linux';
import { testRecoverer } from '@kdr/plugin-sdk/testing';
import { describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

const self = processIdentity(createProcfs(), process.pid);
const about = { target: { kind: 'Process' as const, process: self }, diagnosis: { cause: 'ContainerdShimReaperDeadlock' } };

describe('the recoverer containerd-shim-kill', () => {
  testRecoverer(plugin, {
    test,
    cases: [
      { name: 'is not for other causes', request: { ...about, diagnosis: { cause: 'DiskFull' } }, expect: 'NotApplicable' },
      { name: 'says that the target is gone', request: { diagnosis: about.diagnosis }, expect: 'TargetGone' },
      { name: 'plans nothing where it cannot look at what the shim serves', request: about, expect: 'Failed' },
      {
        name: 'does not kill what is no shim',
        request: { ...about, mode: 'Act', attemptId: 'a1' },
        answers: { collectors: { container: { shims: [] } } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: `process ${process.pid} is no containerd shim` }),
      },
      {
        name: 'says NotDone of an attempt that its own record does not know, while the target runs',
        request: { ...about, mode: 'Probe', attemptId: 'a2' },
        expect: 'NotDone',
      },
    ],
  });
});
