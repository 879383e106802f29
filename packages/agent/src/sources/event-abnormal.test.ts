import type { AbnormalSource } from '@kdr/api-types';
import type { CoreEvent } from '@kdr/controller-runtime';
import { describe, expect, it } from 'vitest';
import { abnormalOf, compileEventSources, signalOf } from './event-abnormal.ts';

const event = {
  metadata: { name: 'n1.17', namespace: 'default', uid: 'e-1' },
  involvedObject: { kind: 'Node', name: 'n1', uid: 'u-1' },
  type: 'Warning',
  reason: 'KernelDeadlock',
  message: 'task docker:1 blocked for more than 120 seconds.',
  count: 1,
  firstTimestamp: '2026-01-01T12:00:00Z',
  lastTimestamp: '2026-01-01T12:00:00Z',
  source: { component: 'kernel-monitor' },
} as CoreEvent;
const source = (name: string, spec: Partial<AbnormalSource['spec']>): AbnormalSource => ({
  apiVersion: 'kdr.dev/v1alpha1',
  kind: 'AbnormalSource',
  metadata: { name, uid: `uid-${name}` },
  spec: {
    type: 'KubernetesEvent',
    matchers: [{ label: 'reason', equals: 'KernelDeadlock' }],
    template: { fault: 'KernelDeadlock' },
    ...spec,
  },
});

describe('sources that listen to Events about the node', () => {
  it('are asked by priority, then name; disabled ones and other types are not', () => {
    const compiled = compileEventSources([
      source('b', {}),
      source('a', {}),
      source('first', { priority: 200 }),
      source('off', { disabled: true }),
      source('log', { type: 'NodeLog' }),
    ]);
    expect(compiled.map((one) => one.source.metadata.name)).toEqual(['first', 'a', 'b']);
  });

  it('say why they do not compile, and disturb no other', () => {
    const compiled = compileEventSources([source('bad', { matchers: [{ label: 'reason', matches: '(' }] }), source('good', {})]);
    expect(compiled.map((one) => [one.source.metadata.name, one.error === undefined])).toEqual([
      ['bad', false],
      ['good', true],
    ]);
  });

  it('hear the reporter whether it is a source or a reporting component', () => {
    expect(signalOf(event)).toMatchObject({ reason: 'KernelDeadlock', reporter: 'kernel-monitor', kind: 'Node', name: 'n1' });
  });
});

describe('the Abnormal of an Event', () => {
  it('is named by source and Event, so that the same Event asks for the same one', () => {
    const one = abnormalOf(source('s', {}), event, 'n1', 'kdr-system');
    const again = abnormalOf(source('s', {}), { ...event, count: 7 }, 'n1', 'kdr-system');
    const other = abnormalOf(source('s', {}), { ...event, metadata: { ...event.metadata, uid: 'e-2' } }, 'n1', 'kdr-system');
    expect(again.metadata.name).toBe(one.metadata.name);
    expect(other.metadata.name).not.toBe(one.metadata.name);
  });

  it('is about the node, carries what was received, and fills templates', () => {
    const made = abnormalOf(
      source('s', { template: { fault: 'KernelDeadlock', parameters: { why: '{{ labels.message }}', limit: 3 } } }),
      event,
      'n1',
      'faults',
    );
    expect(made.metadata.namespace).toBe('faults');
    expect(made.spec).toMatchObject({
      source: 'KubernetesEvent',
      nodeName: 'n1',
      objectReference: { kind: 'Node', name: 'n1', uid: 'u-1' },
      kubernetesEvent: { reason: 'KernelDeadlock', type: 'Warning' },
      parameters: { why: event.message, limit: 3 },
    });
  });
});
