import { defineDiagnoser } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { type Descriptors, readDescriptors } from './descriptors.ts';

/** What this diagnoser reads of the answer of the collector `process`; all else in it is ignored. */
const ProcessFindings = Type.Object({
  identity: Type.Object({ bootId: Type.String(), pid: Type.Integer(), startTicks: Type.String() }),
  comm: Type.String(),
});

/** Says whether a process has run out of file descriptors, and what holds them. Looks only. */
export const plugin = defineDiagnoser({
  name: 'descriptors-exhausted',
  version: '0.1.0',
  description: 'A process that has run out of file descriptors, and what holds them',
  match: { faults: ['DescriptorsExhausted'] },
  needs: ['process'],
  privileges: ['hostPID', 'CAP_SYS_PTRACE'],
  parameters: Type.Object({ usedRatio: Type.Number({ minimum: 0, maximum: 1, default: 0.9 }) }),
  diagnose({ parameters: { usedRatio }, read }) {
    // Where the collector found no such process, read() throws, and the SDK answers Failed: nobody has looked.
    const { identity, comm } = read('process', ProcessFindings);
    const found = readDescriptors(identity.pid);
    if (found === undefined) return { outcome: 'NotIdentified', reason: `process ${identity.pid} has ended` };
    const { used, limit } = found;
    if (used < usedRatio * limit) return { outcome: 'NotIdentified', reason: `${comm} uses ${used} of ${limit} descriptors` };
    return {
      outcome: 'Identified',
      cause: 'DescriptorsExhausted',
      title: `${comm} (pid ${identity.pid}) uses ${used} of its ${limit} file descriptors`,
      severity: 'warning',
      confidence: 'high',
      evidence: evidence(found),
      target: { kind: 'Process', process: identity },
      recommendation: [],
    };
  },
});

function evidence({ used, limit, targets }: Descriptors) {
  const most = targets.slice(0, 5).map(({ target, count }) => ({ title: `${count} × ${target.slice(0, 200)}` }));
  return [{ title: `${used} of ${limit} descriptors are open` }, ...most];
}
