import type { KubernetesObject } from '../api/object.ts';

/** Fields of events.k8s.io/v1 and their names in core/v1, in which Events are stored (k8s.io/kubernetes/pkg/apis/events/v1/conversion.go). */
const storedName: Record<string, string> = {
  regarding: 'involvedObject',
  note: 'message',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
};
const eventsName = Object.fromEntries(Object.entries(storedName).map(([events, core]) => [core, events]));

/** events.k8s.io/v1 to core/v1. */
export function toCoreEvent(event: KubernetesObject): KubernetesObject {
  return { involvedObject: {}, ...rename(event, storedName), apiVersion: 'v1' };
}

/** core/v1 to events.k8s.io/v1. */
export function fromCoreEvent(event: KubernetesObject): KubernetesObject {
  return { ...rename(event, eventsName), apiVersion: 'events.k8s.io/v1' };
}

function rename(event: KubernetesObject, names: Record<string, string>): KubernetesObject {
  return Object.fromEntries(Object.entries(event).map(([field, value]) => [names[field] ?? field, value])) as KubernetesObject;
}
