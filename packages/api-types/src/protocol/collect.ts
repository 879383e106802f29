import { type Static, Type } from '@sinclair/typebox';
import { FreeObject, Text } from '../primitives.ts';
import { Artifact, Envelope, Failed, NotApplicable } from './envelope.ts';

/** `POST /v1/collect`: information about this target. */
export const CollectRequest = Envelope;
export type CollectRequest = Static<typeof CollectRequest>;

export const Collected = Type.Object({
  outcome: Type.Literal('Collected'),
  summary: Text('One line for people.'),
  data: FreeObject('The facts, bounded by the answer’s limit.'),
  artifacts: Type.Optional(Type.Array(Artifact, { maxItems: 16 })),
});
export type Collected = Static<typeof Collected>;

export const CollectAnswer = Type.Union([Collected, NotApplicable, Failed]);
export type CollectAnswer = Static<typeof CollectAnswer>;
