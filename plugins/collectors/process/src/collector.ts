import { createProcfs } from '@kdr/linux';
import { defineCollector } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { type ProcessFindings, ProcessFindings as Findings } from './findings.ts';
import { lookAt } from './look.ts';
import { findTarget } from './target.ts';

const procfs = createProcfs();

/** Facts about one process and what stands around it in the tree. Reads only; gives no value of the environment. */
export const plugin = defineCollector({
  name: 'process',
  version: '0.1.0',
  description: 'Facts about a process and its tree: state, threads, CPU, children, zombies',
  parameters: Type.Object({
    pid: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 4_194_304, description: 'Another process than the one that the Abnormal names.' }),
    ),
    depth: Type.Integer({ minimum: 1, maximum: 8, default: 1, description: 'How many levels of descendants are listed.' }),
  }),
  findings: Findings,
  privileges: ['hostPID', 'CAP_SYS_PTRACE'],
  timeoutSeconds: 10,
  async collect({ abnormal, parameters, signal }) {
    const reference = parameters.pid === undefined ? abnormal.spec.processReference : { pid: parameters.pid };
    if (reference === undefined) return { outcome: 'NotApplicable', reason: 'the Abnormal names no process, and no pid was given' };
    const target = findTarget(procfs, reference);
    if ('gone' in target) return { outcome: 'NotApplicable', reason: target.gone };
    const data = await lookAt(procfs, target.found, parameters.depth, signal);
    if (data === undefined) return { outcome: 'NotApplicable', reason: `process ${reference.pid} ended while it was looked at` };
    return { outcome: 'Collected', summary: summary(data), data };
  },
});

function summary({ identity, comm, state, threads, zombieCount, childCount, cpu }: ProcessFindings): string {
  const used = cpu.usedBetweenLooks === 0 ? 'no CPU' : `${((100 * cpu.usedBetweenLooks) / cpu.lookSeconds).toFixed(0)} % CPU`;
  return `${comm} (pid ${identity.pid}) in state ${state}, ${threads.count} threads, ${used}; ${childCount} children, ${zombieCount} of them zombies`;
}
