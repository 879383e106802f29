import { type Static, Type } from '@sinclair/typebox';
import type { KdrObject, KindDefinition } from '../meta.ts';
import { ObjectName, OneOf, Text, rules } from '../primitives.ts';

export const RecoveryApprovalSpec = Type.Object(
  {
    abnormal: ObjectName('Abnormal in the same namespace.'),
    proposalId: Type.String({
      description: 'status.recovery.proposal.id: the yes is for this plan on this target only.',
      minLength: 1,
      maxLength: 128,
    }),
    decision: OneOf(['Approve', 'Deny'], 'Yes or no.'),
    approver: Type.String({
      description: 'The user who says so: must be the one who creates this object (admission policy).',
      minLength: 1,
      maxLength: 253,
    }),
    reason: Type.Optional(Text('Why.')),
  },
  {
    description: 'A person’s word. It can’t be changed: create another one.',
    ...rules({ rule: 'self == oldSelf', message: 'an approval can’t be changed: create another one' }),
  },
);
export type RecoveryApprovalSpec = Static<typeof RecoveryApprovalSpec>;
export type RecoveryApproval = KdrObject<RecoveryApprovalSpec, undefined>;

export const RECOVERY_APPROVAL: KindDefinition<typeof RecoveryApprovalSpec> = {
  kind: 'RecoveryApproval',
  plural: 'recoveryapprovals',
  shortNames: ['ra'],
  scope: 'Namespaced',
  description: 'A person’s yes or no to one proposal.',
  spec: RecoveryApprovalSpec,
  selectableFields: ['.spec.abnormal'],
  printerColumns: [
    { name: 'Abnormal', type: 'string', jsonPath: '.spec.abnormal' },
    { name: 'Decision', type: 'string', jsonPath: '.spec.decision' },
    { name: 'Approver', type: 'string', jsonPath: '.spec.approver' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
