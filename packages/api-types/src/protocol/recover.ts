import { type Static, Type } from '@sinclair/typebox';
import { TargetIdentity } from '../identity.ts';
import { Action, Diagnosis, PlannedAction } from '../kinds/abnormal-status.ts';
import { OneOf, Text } from '../primitives.ts';
import { Envelope, Failed, NotApplicable } from './envelope.ts';

/** Plan: what would you do? (Does nothing.) Act: do it. Probe: was attempt X done? */
export const Mode = OneOf(['Plan', 'Act', 'Probe'], 'What is asked.');
export type Mode = Static<typeof Mode>;

/**
 * `POST /v1/recover`. `target` is the identity that the diagnosis proved. In Act and Probe `attemptId` names the journalled intent; a plugin
 * that has already done that attempt answers the same again and does nothing.
 */
export const RecoverRequest = Type.Composite([
  Type.Omit(Envelope, ['diagnosis']),
  Type.Object({
    mode: Mode,
    diagnosis: Diagnosis,
    target: TargetIdentity,
    attemptId: Type.Optional(Text('Id of the attempt (Act, Probe).', 128)),
  }),
]);
export type RecoverRequest = Static<typeof RecoverRequest>;

export const Planned = Type.Object({
  outcome: Type.Literal('Planned'),
  actions: Type.Array(PlannedAction, { minItems: 1, maxItems: 16 }),
});
export type Planned = Static<typeof Planned>;

export const Acted = Type.Object({ outcome: Type.Literal('Acted'), actions: Type.Array(Action, { minItems: 1, maxItems: 16 }) });
export type Acted = Static<typeof Acted>;

const ProbeAnswer = <const T extends string>(outcome: T, description: string) =>
  Type.Object({ outcome: Type.Literal(outcome), reason: Type.Optional(Text('Why it thinks so.')) }, { description });
/** The attempt was done. */
export const Done = ProbeAnswer('Done', 'The attempt was done.');
/** The attempt was not done, and will not be. */
export const NotDone = ProbeAnswer('NotDone', 'The attempt was not done, and will not be.');
/** It can't be told. */
export const Unknown = ProbeAnswer('Unknown', 'It can’t be told.');

export const TargetGone = Type.Object(
  { outcome: Type.Literal('TargetGone'), reason: Type.Optional(Text('What was found in its place.')) },
  { description: 'The target with this identity no longer exists; nothing was done.' },
);
export type TargetGone = Static<typeof TargetGone>;

export const PlanAnswer = Type.Union([Planned, NotApplicable, TargetGone, Failed]);
export type PlanAnswer = Static<typeof PlanAnswer>;
export const ActAnswer = Type.Union([Acted, NotApplicable, TargetGone, Failed]);
export type ActAnswer = Static<typeof ActAnswer>;
export const ProbeAnswers = Type.Union([Done, NotDone, Unknown, NotApplicable, TargetGone, Failed]);
export type ProbeAnswer = Static<typeof ProbeAnswers>;
export const RecoverAnswer = Type.Union([Planned, Acted, Done, NotDone, Unknown, NotApplicable, TargetGone, Failed]);
export type RecoverAnswer = Static<typeof RecoverAnswer>;
