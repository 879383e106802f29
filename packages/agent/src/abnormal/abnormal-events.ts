import type { Abnormal } from '@kdr/api-types';
import { referenceTo } from '@kdr/controller-runtime';
import type { EventRecorder, EventSeverity, ObjectReference } from '@kdr/controller-runtime';

/** Tells people what happened to an Abnormal: an Event on it, and on its pod if it has one. Best effort. */
export function tellTransition(recorder: EventRecorder, before: Abnormal, after: Abnormal): void {
  const objects = [referenceTo(after), ...podOf(after)];
  for (const [type, reason, message] of [...phaseEvent(before, after), ...proposalEvent(before, after)]) {
    for (const object of objects) recorder.event(object, type, reason, message);
  }
}

type Event = [type: EventSeverity, reason: string, message: string];

function phaseEvent(before: Abnormal, { status }: Abnormal): Event[] {
  const { phase, reason = '', message = '', diagnosis } = status ?? {};
  if (phase === before.status?.phase) return [];
  if (phase === 'Recovering') return [['Warning', 'Identified', `${diagnosis?.cause}: ${diagnosis?.title}`]];
  if (phase === 'Succeeded') return [['Normal', reason, message]];
  return phase === 'Failed' ? [['Warning', 'Failed', `${reason}: ${message}`]] : [];
}

function proposalEvent(before: Abnormal, { status }: Abnormal): Event[] {
  const proposal = status?.recovery?.proposal;
  if (!proposal || proposal.id === before.status?.recovery?.proposal?.id) return [];
  const plan = proposal.plannedActions.map(({ description }) => description).join('; ');
  return [['Normal', 'RecoveryProposed', `${proposal.recoverer} would: ${plan}`]];
}

function podOf({ spec, status }: Abnormal): ObjectReference[] {
  const pod = spec.podReference ?? status?.diagnosis?.target.pod;
  return pod ? [{ apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name, ...(pod.uid && { uid: pod.uid }) }] : [];
}
