import { createHash } from 'node:crypto';
import { type Abnormal, type AbnormalSource, API_VERSION, NODE_LABEL } from '@kdr/api-types';
import { type Signal, compileSignalMatch, renderTemplate } from '@kdr/api-types/signal';
import type { CoreEvent } from '@kdr/controller-runtime';

/** Label that names the source of an Abnormal. */
export const SOURCE_LABEL = 'kdr.dev/source';

/** An Event as matchers and templates see it. */
export function signalOf(event: CoreEvent): Signal {
  const { reason = '', type = '', message = '', involvedObject } = event;
  return {
    reason,
    type,
    message,
    reporter: event.reportingComponent ?? event.source?.component ?? '',
    kind: involvedObject.kind ?? '',
    name: involvedObject.name ?? '',
    namespace: involvedObject.namespace ?? '',
  };
}

/** A source whose matchers compile; one that does not hears nothing, and says why. */
export type CompiledSource =
  { source: AbnormalSource; matches: (signal: Signal) => boolean; error?: undefined } | { source: AbnormalSource; error: string };

/** Compiles what listens to Events, the highest priority first. */
export function compileEventSources(sources: readonly AbnormalSource[]): CompiledSource[] {
  return sources
    .filter((source) => source.spec.type === 'KubernetesEvent' && source.spec.disabled !== true)
    .sort((a, b) => (b.spec.priority ?? 100) - (a.spec.priority ?? 100) || a.metadata.name.localeCompare(b.metadata.name))
    .map((source) => {
      try {
        return { source, matches: compileSignalMatch(source.spec) };
      } catch (error) {
        return { source, error: (error as Error).message };
      }
    });
}

/**
 * The Abnormal that a source makes of an Event about the node. Its name is made of the source and the Event's uid: an Event that is counted up
 * again, or seen again after a restart, asks for the same one. It lies in KDR's own namespace: a Node has none.
 */
export function abnormalOf(source: AbnormalSource, event: CoreEvent, node: string, namespace: string): Abnormal {
  const { template } = source.spec;
  const signal = signalOf(event);
  const digest = createHash('sha256').update(`${source.metadata.uid}/${event.metadata?.uid}`).digest('hex').slice(0, 12);
  const parameters = Object.fromEntries(
    Object.entries(template.parameters ?? {}).map(([key, value]) => [
      key,
      typeof value === 'string' ? renderTemplate(value, signal) : value,
    ]),
  );
  return {
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: {
      name: `${source.metadata.name.slice(0, 200)}-${digest}`,
      namespace,
      labels: { [NODE_LABEL]: node, [SOURCE_LABEL]: source.metadata.name.slice(0, 63) },
    },
    spec: {
      source: 'KubernetesEvent',
      fault: template.fault,
      nodeName: node,
      objectReference: { kind: 'Node', name: node, uid: event.involvedObject.uid },
      kubernetesEvent: {
        reason: signal.reason ?? '',
        message: signal.message?.slice(0, 1024),
        type: signal.type,
        reportingComponent: signal.reporter,
      },
      ...(template.diagnosers === undefined ? {} : { diagnosers: template.diagnosers }),
      ...(template.recoverers === undefined ? {} : { recoverers: template.recoverers }),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    },
  };
}
