import { type Static, Type } from '@sinclair/typebox';
import { TargetIdentity } from '../identity.ts';
import { Confidence, Evidence, Recommendation, Severity } from '../kinds/abnormal-status.ts';
import { OneOf, Text, Word } from '../primitives.ts';
import { Artifact, Envelope, Failed } from './envelope.ts';

/** Diagnose: find it. Confirm: still the same, right before acting? Verify: gone, after acting? */
export const Purpose = OneOf(['Diagnose', 'Confirm', 'Verify'], 'Why it is asked.');
export type Purpose = Static<typeof Purpose>;

/** `POST /v1/diagnose`: do you recognise this fault? */
export const DiagnoseRequest = Type.Composite([Envelope, Type.Object({ purpose: Purpose })]);
export type DiagnoseRequest = Static<typeof DiagnoseRequest>;

export const Identified = Type.Object({
  outcome: Type.Literal('Identified'),
  cause: Word('Id of the cause: ContainerdShimReaperDeadlock.'),
  title: Text('One line for people.', 256),
  severity: Severity,
  confidence: Confidence,
  evidence: Type.Array(Evidence, { minItems: 1, maxItems: 16 }),
  target: TargetIdentity,
  recommendation: Type.Array(Recommendation, { maxItems: 8 }),
  artifacts: Type.Optional(Type.Array(Artifact, { maxItems: 16 })),
});
export type Identified = Static<typeof Identified>;

/** Looked, and it is not there. Who could not look may say this to purpose Diagnose only; to Confirm and Verify it answers Failed. */
export const NotIdentified = Type.Object({
  outcome: Type.Literal('NotIdentified'),
  reason: Text('What was seen instead.'),
});
export type NotIdentified = Static<typeof NotIdentified>;

export const DiagnoseAnswer = Type.Union([Identified, NotIdentified, Failed]);
export type DiagnoseAnswer = Static<typeof DiagnoseAnswer>;
