import { type Static, Type } from '@sinclair/typebox';
import { type KdrObject, type KindDefinition, Conditions } from '../meta.ts';
import { CelExpression, Int, OneOf, Text, WordSet, rules } from '../primitives.ts';

const Glob = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 253, pattern: '^[A-Za-z0-9.*?-]+$' }), { maxItems: 64, description });

export const PolicyMatch = Type.Object(
  {
    namespaces: Type.Optional(Glob('Namespaces of the Abnormal; `*` and `?` are wildcards.')),
    nodes: Type.Optional(Glob('Nodes.')),
    faults: Type.Optional(Glob('Faults.')),
    causes: Type.Optional(Glob('Causes that were diagnosed. Left out while a diagnosis is still to come.')),
    expression: Type.Optional(CelExpression('CEL over `spec` of the Abnormal.')),
    targetExpression: Type.Optional(CelExpression('CEL over the diagnosed `target`. Left out while a diagnosis is still to come.')),
  },
  { description: 'What it is about; everything that is given must hold.' },
);
export type PolicyMatch = Static<typeof PolicyMatch>;

/** Observe: never. Approve: after a person's yes. Auto: at once, if the diagnosis has confidence high. */
export const RecoveryMode = OneOf(
  ['Observe', 'Approve', 'Auto'],
  'Whether a recovery may run. The strictest matching policy wins: Observe, then Approve, then Auto.',
);
export type RecoveryMode = Static<typeof RecoveryMode>;

export const RecoveryPolicySpec = Type.Object(
  {
    match: Type.Optional(PolicyMatch),
    fallback: Type.Optional(Type.Boolean({ description: 'Counts only where no other policy matches.', default: false })),
    mode: RecoveryMode,
    intrusiveDiagnosis: Type.Optional(
      OneOf(['Allow', 'Deny'], 'Whether a diagnoser may signal, trace or stop its target.', { default: 'Deny' }),
    ),
    permits: Type.Optional(WordSet('Permits that plans may need: KillRunningContainer, …', 16, 64)),
    grantSeconds: Type.Optional(Int('How long a grant is good. Default 60.', { minimum: 1, maximum: 3600, default: 60 })),
    approvalSeconds: Type.Optional(
      Int('How long an approval is waited for, and counts. Default 24 h.', { minimum: 10, maximum: 2_592_000, default: 86_400 }),
    ),
    soakSeconds: Type.Optional(Int('How long the fault must stay away. Default 10.', { minimum: 0, maximum: 3600, default: 10 })),
    coolDownSeconds: Type.Optional(
      Int('Between two attempts on one target. Default 10 min.', { minimum: 0, maximum: 86_400, default: 600 }),
    ),
    loopBreaker: Type.Optional(
      Type.Object(
        {
          attempts: Int('Attempts in the window.', { minimum: 1, maximum: 1_000_000, default: 3 }),
          windowSeconds: Int('The window.', { minimum: 1, maximum: 604_800, default: 3600 }),
        },
        { description: 'More attempts than this on one node and cause in the window: a person must look. Default 3 per hour.' },
      ),
    ),
  },
  {
    description: 'When a recovery, and an intrusive diagnosis, may run.',
    ...rules({
      rule: "!has(self.fallback) || !self.fallback || self.mode != 'Auto' || has(self.match)",
      message: 'a fallback without match may not be Auto: name what KDR may act on',
      fieldPath: '.mode',
    }),
  },
);
export type RecoveryPolicySpec = Static<typeof RecoveryPolicySpec>;

export const RecoveryPolicyStatus = Type.Object(
  { conditions: Type.Optional(Conditions), lastMatched: Type.Optional(Text('Abnormal that it decided last.', 512)) },
  { description: 'Whether its expressions compile.' },
);
export type RecoveryPolicyStatus = Static<typeof RecoveryPolicyStatus>;
export type RecoveryPolicy = KdrObject<RecoveryPolicySpec, RecoveryPolicyStatus>;

export const RECOVERY_POLICY: KindDefinition<typeof RecoveryPolicySpec> = {
  kind: 'RecoveryPolicy',
  plural: 'recoverypolicies',
  shortNames: ['rp'],
  scope: 'Cluster',
  description: 'When a recovery (and an intrusive diagnosis) may run. Where none matches: Observe, and intrusive diagnosis is denied.',
  spec: RecoveryPolicySpec,
  status: RecoveryPolicyStatus,
  printerColumns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
    { name: 'Fallback', type: 'boolean', jsonPath: '.spec.fallback' },
    { name: 'Intrusive', type: 'string', jsonPath: '.spec.intrusiveDiagnosis' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
