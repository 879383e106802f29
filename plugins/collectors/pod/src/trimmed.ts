import type { PodFindings } from './findings.ts';
import type { ContainerStatus, Pod } from './pod.ts';

const MAX_FINALIZERS = 32;
const MAX_OWNERS = 16;
const MAX_CONTAINERS = 64;
/** Names, reasons and ids are shorter; what is longer is not one of Kubernetes' own. */
const MAX_WORD = 256;

type Status = NonNullable<PodFindings['containerStatuses']>[number];

/** The facts of a Pod that say what it is stuck on: bounded, and nothing of its specification (environment, arguments, volumes). Pure. */
export function trimmed({ metadata = {}, spec, status }: Pod): Partial<PodFindings> {
  const { deletionTimestamp, deletionGracePeriodSeconds: grace, finalizers, ownerReferences, annotations } = metadata;
  return {
    ...(spec?.nodeName && { nodeName: word(spec.nodeName) }),
    ...(status?.phase && { phase: word(status.phase) }),
    ...(annotations?.['kubernetes.io/config.mirror'] !== undefined && { mirror: true }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(grace !== undefined && { deletionGracePeriodSeconds: grace }),
    finalizers: (finalizers ?? []).slice(0, MAX_FINALIZERS).map(word),
    ownerReferences: (ownerReferences ?? [])
      .slice(0, MAX_OWNERS)
      .map(({ kind, name, uid, controller }) => ({ kind: word(kind), name: word(name), uid: word(uid), controller: controller === true })),
    containerStatuses: [
      ...(status?.containerStatuses ?? []).map((each) => container(each, 'Container')),
      ...(status?.initContainerStatuses ?? []).map((each) => container(each, 'Init')),
      ...(status?.ephemeralContainerStatuses ?? []).map((each) => container(each, 'Ephemeral')),
    ].slice(0, MAX_CONTAINERS),
  };
}

function container({ name = '', containerID, ready, restartCount, state }: ContainerStatus, type: Status['type']): Status {
  const { reason, exitCode, signal, startedAt, finishedAt } = state?.terminated ?? state?.running ?? state?.waiting ?? {};
  return {
    ...{ name: word(name), type, state: stateOf(state), ready: ready === true, restartCount: restartCount ?? 0 },
    ...(containerID && { containerID: word(containerID) }),
    ...(reason && { reason: word(reason) }),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    ...(startedAt && { startedAt }),
    ...(finishedAt && { finishedAt }),
  };
}

function stateOf(state: ContainerStatus['state']): Status['state'] {
  if (state?.terminated) return 'Terminated';
  if (state?.running) return 'Running';
  return state?.waiting ? 'Waiting' : 'Unknown';
}

function word(text: string): string {
  return text.slice(0, MAX_WORD);
}
