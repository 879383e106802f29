import { type Static, Type } from '@sinclair/typebox';
import type { KdrObject, KindDefinition } from '../meta.ts';
import { OneOf, Text, Time, rules } from '../primitives.ts';

export const DeadLetterSpec = Type.Object(
  {
    source: OneOf(
      ['PrometheusAlert', 'KubernetesEvent', 'ObjectCondition', 'NodeLog', 'Schedule', 'Custom'],
      'Where the signal came from.',
    ),
    reason: Type.String({
      description: 'One word: why it could not become an Abnormal.',
      minLength: 1,
      maxLength: 128,
      pattern: '^[A-Z][A-Za-z0-9]*$',
    }),
    message: Type.Optional(Text('For people.', 2048)),
    signal: Type.Optional(Text('The signal, cut.', 16384)),
    receivedAt: Time('When.'),
  },
  {
    description: 'A signal that could not become an Abnormal.',
    ...rules({ rule: 'self == oldSelf', message: 'a dead letter can’t be changed' }),
  },
);
export type DeadLetterSpec = Static<typeof DeadLetterSpec>;
export type DeadLetter = KdrObject<DeadLetterSpec, undefined>;

export const DEAD_LETTER: KindDefinition<typeof DeadLetterSpec> = {
  kind: 'DeadLetter',
  plural: 'deadletters',
  shortNames: ['dl'],
  scope: 'Namespaced',
  description: 'A signal that could not become an Abnormal, and why.',
  spec: DeadLetterSpec,
  printerColumns: [
    { name: 'Source', type: 'string', jsonPath: '.spec.source' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
