import type { Abnormal } from '@kdr/api-types';
import { referenceTo } from '@kdr/controller-runtime';
import type { EventRecorder, EventSeverity, ObjectReference } from '@kdr/controller-runtime';

/** Tells people what happened to an Abnormal: an Event on it, and on its pod if it has one. Best effort. */
export function tellTransition(recorder: EventRecorder, before: Abnormal, after: Abnormal): void {
  const { status } = after;
  if (!status) return;
  const tell = (type: EventSeverity, reason: string, message: string): void => {
    for (const object of [referenceTo(after), ...podOf(after)]) recorder.event(object, type, reason, message);
  };
  const old = before.status;
  if (status.phase !== old?.phase) {
    if (status.phase === 'Recovering') tell('Warning', 'Identified', `${status.diagnosis?.cause}: ${status.diagnosis?.title}`);
    if (status.phase === 'Succeeded') tell('Normal', status.reason ?? 'Recovered', status.message ?? '');
    if (status.phase === 'Failed') tell('Warning', 'Failed', `${status.reason}: ${status.message ?? ''}`);
  }
  const proposal = status.recovery?.proposal;
  if (proposal && status.phase === 'Recovering' && proposal.id !== old?.recovery?.proposal?.id) {
    const plan = proposal.plannedActions.map(({ description }) => description).join('; ');
    tell('Normal', 'RecoveryProposed', `${proposal.recoverer} would: ${plan}`);
  }
}

function podOf({ spec, status }: Abnormal): ObjectReference[] {
  const pod = spec.podReference ?? status?.diagnosis?.target.pod;
  return pod ? [{ apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name, ...(pod.uid && { uid: pod.uid }) }] : [];
}
