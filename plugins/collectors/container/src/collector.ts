import { createProcfs, processTree } from '@kdr/linux';
import { type CollectRequest, defineCollector } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { type ContainerFindings, type InitState, type Shim, ContainerFindings as Findings } from './findings.ts';
import { createGaps } from './gaps.ts';
import { type Question, findShims } from './question.ts';

const procfs = createProcfs();
const MAX_SHIMS = 8;

const Parameters = Type.Object({
  pid: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304, description: 'A process of the container, or its shim.' })),
  containerId: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Full id of a container.' })),
  podUid: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'UID of a pod.' })),
});

/**
 * Which container, and who serves it: the shim, everything else that this shim serves, and where its log goes. Only files and /proc are read: a
 * runtime that hangs is the very thing that is looked for.
 */
export const plugin = defineCollector({
  name: 'container',
  version: '0.1.0',
  description: 'The container of a process or pod, its containerd shim, and what else that serves',
  parameters: Parameters,
  findings: Findings,
  privileges: ['hostPID', 'CAP_SYS_PTRACE'],
  timeoutSeconds: 15,
  async collect({ abnormal, parameters }) {
    const question = asked(parameters, abnormal.spec);
    if (question === undefined) {
      return { outcome: 'NotApplicable', reason: 'the Abnormal names no process, no container and no pod' };
    }
    const gaps = createGaps();
    const found = await findShims(procfs, processTree(procfs), question, gaps);
    if ('nothing' in found) return { outcome: 'NotApplicable', reason: found.nothing.slice(0, 1024) };
    const data = {
      ...containerOf(found.container),
      shims: found.shims.slice(0, MAX_SHIMS),
      shimCount: found.shims.length,
      unreadable: [...gaps.list],
    };
    return { outcome: 'Collected', summary: summary(data), data };
  },
});

type Spec = CollectRequest['abnormal']['spec'];

function asked({ pid, containerId, podUid }: { pid?: number; containerId?: string; podUid?: string }, spec: Spec): Question | undefined {
  if (pid !== undefined) return { process: { pid } };
  if (containerId !== undefined) return { containerId };
  if (podUid !== undefined) return { podUid };
  if (spec.processReference) return { process: spec.processReference };
  if (spec.containerReference) return { containerId: spec.containerReference.id };
  return spec.podReference && { pod: spec.podReference };
}

function containerOf(container: { runtime: string; containerId?: string; namespace?: string; podUid?: string } | undefined) {
  if (container === undefined) return {};
  const { runtime, containerId: id, namespace, podUid } = container;
  return { container: { runtime, ...(id && { id }), ...(namespace && { namespace }), ...(podUid && { podUid }) } };
}

function summary({ shims, container }: ContainerFindings): string {
  if (shims.length === 0)
    return `container ${container?.id ?? container?.podUid ?? ''} of ${container?.runtime ?? 'an unknown runtime'}, without a containerd shim`;
  return shims.map(describe).join('; ').slice(0, 1024);
}

/** `Exiting`: the init of a pid namespace goes last, after every process in it has been reaped (zap_pid_ns_processes() of the kernel). */
const INIT_WORDS: Record<InitState, string> = {
  Running: 'its init runs',
  Zombie: 'its init is dead, not reaped',
  Exiting: 'its init is dead, held by unreaped processes',
  Gone: 'its init is gone',
  Unknown: 'its init is not known',
};

function describe({ identity, api, state, tasks, daemon }: Shim): string {
  const served = tasks.map(({ id, init }) => `${id.slice(0, 12)} (${INIT_WORDS[init]})`).join(', ');
  return `shim ${identity.pid} (${api}, state ${state}) serves ${served || 'no container'}; ${daemon ? `containerd is ${daemon.identity.pid}` : 'no containerd'}`;
}
