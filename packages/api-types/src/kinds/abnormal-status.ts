import { type Static, Type } from '@sinclair/typebox';
import { TargetIdentity } from '../identity.ts';
import { Conditions } from '../meta.ts';
import { PHASES } from '../phase.ts';
import { FreeObject, Int, ListMap, ObjectName, OneOf, Text, Time, Word, WordSet, rules } from '../primitives.ts';
import { nextPhases } from '../state-machine.ts';

export const Severity = OneOf(['critical', 'warning', 'info'], 'How bad it is.');
export type Severity = Static<typeof Severity>;
export const Confidence = OneOf(['high', 'medium', 'low'], 'How sure the diagnoser is. Auto needs high.');
export type Confidence = Static<typeof Confidence>;

/** Bytes in the node's artifact store. */
export const ArtifactReference = Type.Object(
  {
    name: Text('What it is.', 128),
    mediaType: Text('Media type.', 128),
    size: Int('Bytes.', { minimum: 0 }),
    sha256: Text('Digest, and the name in the store.', 64),
  },
  { description: 'Large evidence: the bytes lie in the node’s store, `kdr artifacts get SHA256`.' },
);
export type ArtifactReference = Static<typeof ArtifactReference>;

export const Evidence = Type.Object(
  {
    title: Text('What was seen, in a few words.', 256),
    detail: Type.Optional(Text('The fact itself: a line of a stack, a state, a count.', 2048)),
  },
  { description: 'One fact that proves the cause.' },
);
export type Evidence = Static<typeof Evidence>;

export const Recommendation = Type.Object(
  { action: Text('What to do.', 512), recoverer: Type.Optional(ObjectName('Recoverer that does it.')) },
  { description: 'What the diagnoser would do.' },
);
export type Recommendation = Static<typeof Recommendation>;

/** What a recoverer would do. `requires` names permits that the policy must give (spec.permits). */
export const PlannedAction = Type.Object(
  {
    action: Word('One word: KillProcess.'),
    description: Text('One sentence: what is done to what.', 512),
    expectedEffect: Type.Optional(Text('What will be so afterwards.', 512)),
    requires: Type.Optional(WordSet('Permits that the policy must give.', 4, 64)),
  },
  { description: 'One step of a plan.' },
);
export type PlannedAction = Static<typeof PlannedAction>;

export const Action = Type.Object(
  { action: Word('One word: KillProcess.'), description: Text('What was done to what.', 512), at: Type.Optional(Time('When.')) },
  { description: 'One step that was done.' },
);
export type Action = Static<typeof Action>;

export const Information = Type.Object(
  {
    collector: ObjectName('Name of the collector.'),
    outcome: OneOf(['Collected', 'NotApplicable', 'Failed', 'TimedOut', 'Absent'], 'How it went.'),
    reason: Type.Optional(Text('Why it gave nothing.')),
    summary: Type.Optional(Text('One line for people.')),
    data: Type.Optional(FreeObject('The facts, if they fit in 4 KiB; else only in the node’s store.')),
    requestedBy: Type.Optional(Text('spec, or the plugin that asked.', 253)),
    finishedAt: Type.Optional(Time('When.')),
    artifacts: Type.Optional(Type.Array(ArtifactReference, { maxItems: 16 })),
  },
  { description: 'What one collector said.' },
);
export type Information = Static<typeof Information>;

export const DiagnosisAttempt = Type.Object({
  diagnoser: ObjectName('Name of the diagnoser.'),
  outcome: OneOf(['Identified', 'NotIdentified', 'Failed', 'PassedOver'], 'How it went.'),
  reason: Text('What it saw instead, or why it could not look.'),
  finishedAt: Type.Optional(Time('When.')),
});
export type DiagnosisAttempt = Static<typeof DiagnosisAttempt>;

/** A diagnosis, as it is stored and as it is passed to recoverers. */
export const Diagnosis = Type.Object(
  {
    diagnoser: ObjectName('Who identified it.'),
    cause: Word('Id of the cause.'),
    title: Text('One line for people.', 256),
    severity: Severity,
    confidence: Confidence,
    evidence: Type.Array(Evidence, { maxItems: 16, description: 'The facts that prove it.' }),
    target: TargetIdentity,
    recommendation: Type.Optional(Type.Array(Recommendation, { maxItems: 8 })),
    artifacts: Type.Optional(Type.Array(ArtifactReference, { maxItems: 16 })),
    identifiedAt: Time('When.'),
  },
  { description: 'What the fault is.' },
);
export type Diagnosis = Static<typeof Diagnosis>;

export const Proposal = Type.Object(
  {
    id: Text('Id; a grant and an approval name it.', 128),
    recoverer: ObjectName('Who would act.'),
    target: TargetIdentity,
    plannedActions: Type.Array(PlannedAction, { minItems: 1, maxItems: 16 }),
    evidence: Type.Optional(Type.Array(Text('Artifact or fact that the recoverer requires.', 256), { maxItems: 16 })),
    proposedAt: Time('When.'),
  },
  { description: 'What the agent would like to do. It needs the master’s grant.' },
);
export type Proposal = Static<typeof Proposal>;

export const GateVerdict = Type.Object({
  gate: Text('Name of the gate.', 64),
  verdict: OneOf(['Allow', 'Deny', 'Wait'], 'What it said.'),
  reason: Text('One word.', 128),
  message: Type.Optional(Text('Why, with the inputs that it looked at.', 1024)),
});
export type GateVerdict = Static<typeof GateVerdict>;

/** The master's answer to a proposal; written by nobody else (held by an admission policy). */
export const Grant = Type.Object(
  {
    proposalId: Text('The proposal that it answers.', 128),
    decision: OneOf(['Granted', 'Denied', 'Waiting', 'Withdrawn'], 'The answer.'),
    reason: Text('One word.', 128),
    trace: Type.Array(GateVerdict, { maxItems: 32, description: 'Every gate that was asked, in order.' }),
    decidedAt: Time('When.'),
    expiresAt: Type.Optional(Time('A grant that was not used until then is void.')),
    policy: Type.Optional(Text('RecoveryPolicy that decided the mode.', 253)),
    approvedBy: Type.Optional(Text('Who approved it.', 253)),
  },
  { description: 'The master’s answer.' },
);
export type Grant = Static<typeof Grant>;

/** One entry of the ledger: written before the act, completed after it, never removed. */
export const RecoveryAttempt = Type.Object(
  {
    id: Text('Id of the attempt: the plugin’s idempotency key.', 128),
    proposalId: Text('Proposal that was granted.', 128),
    recoverer: ObjectName('Who acts.'),
    target: TargetIdentity,
    expectedEffect: Type.Optional(Text('What will be so afterwards.', 512)),
    intentAt: Time('Written before the act.'),
    doneAt: Type.Optional(Time('When the answer came.')),
    outcome: Type.Optional(OneOf(['Acted', 'NotDone', 'TargetGone', 'NotApplicable', 'Failed', 'Unknown'], 'How it went.')),
    reason: Type.Optional(Text('Why.')),
    actions: Type.Optional(Type.Array(Action, { maxItems: 16 })),
    verified: Type.Optional(Type.Boolean({ description: 'Whether the fault was gone afterwards.' })),
  },
  { description: 'One attempt to repair.' },
);
export type RecoveryAttempt = Static<typeof RecoveryAttempt>;

export const Verification = Type.Object(
  {
    attemptId: Text('Attempt that is verified.', 128),
    startedAt: Time('When the act was done.'),
    checkedAt: Type.Optional(Time('Last look.')),
    soakUntil: Type.Optional(Time('The last look comes then.')),
    result: Type.Optional(OneOf(['Gone', 'StillThere', 'NotVerified'], 'What was seen.')),
    message: Type.Optional(Text('What the diagnoser said.')),
  },
  { description: 'Proof that the fault is gone: the same diagnoser says so at once and after the soak.' },
);
export type Verification = Static<typeof Verification>;

export const PassedOver = Type.Object({
  recoverer: ObjectName('Name.'),
  outcome: Text('Its answer.', 64),
  reason: Text('Why it did not act.'),
});
export type PassedOver = Static<typeof PassedOver>;

const phaseRule = `self == oldSelf || ${PHASES.map(
  (phase) =>
    `(oldSelf == '${phase}' && self in [${nextPhases(phase)
      .map((next) => `'${next}'`)
      .join(', ')}])`,
)
  .filter((text) => !text.endsWith('in [])'))
  .join(' || ')}`;

export const AbnormalStatus = Type.Object(
  {
    phase: Type.Optional(
      OneOf(
        PHASES,
        'Computed from the conditions.',
        rules({ rule: phaseRule, message: 'illegal transition of phase (see the state machine in docs/api)' }),
      ),
    ),
    reason: Type.Optional(Text('One word: why it is in this phase.', 128)),
    message: Type.Optional(Text('For people.', 2048)),
    startTime: Type.Optional(Time('When the agent took it.')),
    completionTime: Type.Optional(Time('When it reached a terminal phase.')),
    observedGeneration: Type.Optional(Int('Generation that the agent saw.')),
    conditions: Type.Optional(Conditions),
    information: Type.Optional(ListMap(Information, ['collector'], { maxItems: 32, description: 'What was collected.' })),
    diagnosis: Type.Optional(Diagnosis),
    diagnosisAttempts: Type.Optional(
      Type.Array(DiagnosisAttempt, { maxItems: 32, description: 'Every diagnoser that was asked or passed over, with its reason.' }),
    ),
    recovery: Type.Optional(
      Type.Object(
        {
          proposal: Type.Optional(Proposal),
          grant: Type.Optional(Grant),
          attempts: Type.Optional(
            Type.Array(RecoveryAttempt, {
              maxItems: 16,
              description: 'The ledger: append-only.',
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['id'],
              ...rules({
                rule: 'oldSelf.all(o, self.exists(n, n.id == o.id && n.intentAt == o.intentAt && n.recoverer == o.recoverer))',
                message: 'attempts are append-only',
              }),
            }),
          ),
          passedOver: Type.Optional(Type.Array(PassedOver, { maxItems: 16, description: 'Recoverers that did not act.' })),
          verification: Type.Optional(Verification),
          diagnosisChanges: Type.Optional(Int('How often confirm saw another diagnosis.', { minimum: 0 })),
        },
        {
          description: 'What is done about it.',
          ...rules({ rule: '!has(oldSelf.attempts) || has(self.attempts)', message: 'attempts are append-only', fieldPath: '.attempts' }),
        },
      ),
    ),
  },
  { description: 'The channel between the stages. Written by the agent of the node; recovery.grant and RecoveryGranted by the master.' },
);
export type AbnormalStatus = Static<typeof AbnormalStatus>;
