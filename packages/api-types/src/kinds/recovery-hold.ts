import { type Static, Type } from '@sinclair/typebox';
import type { KdrObject, KindDefinition } from '../meta.ts';
import { ObjectName, Text, Time, Word, rules } from '../primitives.ts';

export const HoldScope = Type.Object(
  {
    all: Type.Optional(Type.Boolean({ description: 'Everything.' })),
    node: Type.Optional(ObjectName('One node.')),
    namespace: Type.Optional(ObjectName('One namespace.')),
    object: Type.Optional(
      Type.Object(
        { kind: Word('Kind: Pod, Node, Abnormal, …'), namespace: Type.Optional(Text('Namespace.', 63)), name: ObjectName('Name.') },
        { description: 'One object.' },
      ),
    ),
  },
  {
    description: 'What is held: exactly one of all, node, namespace, object.',
    // `namespace` is a reserved word of CEL: Kubernetes escapes such field names (KEP-2876).
    ...rules({
      rule: '[has(self.all) && self.all, has(self.node), has(self.__namespace__), has(self.object)].filter(x, x).size() == 1',
      message: 'exactly one of all, node, namespace, object is required',
    }),
  },
);
export type HoldScope = Static<typeof HoldScope>;

export const RecoveryHoldSpec = Type.Object(
  {
    scope: HoldScope,
    owner: Type.String({ description: 'Who holds: a person or a team.', minLength: 1, maxLength: 253 }),
    reason: Type.String({ description: 'Why.', minLength: 1, maxLength: 1024 }),
    expiresAt: Type.Optional(Time('When it ends by itself. Absent: until it is deleted.')),
  },
  { description: 'The stop button.' },
);
export type RecoveryHoldSpec = Static<typeof RecoveryHoldSpec>;
export type RecoveryHold = KdrObject<RecoveryHoldSpec, undefined>;

export const RECOVERY_HOLD: KindDefinition<typeof RecoveryHoldSpec> = {
  kind: 'RecoveryHold',
  plural: 'recoveryholds',
  shortNames: ['hold'],
  scope: 'Cluster',
  description: 'Stop button: nothing in its scope is repaired while it exists.',
  spec: RecoveryHoldSpec,
  printerColumns: [
    { name: 'All', type: 'boolean', jsonPath: '.spec.scope.all' },
    { name: 'Node', type: 'string', jsonPath: '.spec.scope.node' },
    { name: 'Namespace', type: 'string', jsonPath: '.spec.scope.namespace' },
    { name: 'Object', type: 'string', jsonPath: '.spec.scope.object.name' },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner' },
    { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
    { name: 'Reason', type: 'string', jsonPath: '.spec.reason', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
