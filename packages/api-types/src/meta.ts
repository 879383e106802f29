import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Int, ListMap, OneOf, Text, Time } from './primitives.ts';

/** The part of metav1.ObjectMeta that KDR reads or writes. */
export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
}

/** Condition after Kubernetes' API conventions (metav1.Condition). */
export const Condition = Type.Object(
  {
    type: Type.String({ description: 'What is said: InformationCollected, Identified, …', minLength: 1, maxLength: 64 }),
    status: OneOf(['True', 'False', 'Unknown'], 'Whether it holds.'),
    reason: Type.String({ description: 'One word: why.', minLength: 1, maxLength: 128 }),
    message: Type.Optional(Text('For people.', 2048)),
    lastTransitionTime: Time('When `status` last changed.'),
    observedGeneration: Type.Optional(Int('Generation of the spec that this was said about.')),
  },
  { description: 'One thing that was observed.' },
);
export type Condition = Static<typeof Condition>;

export const Conditions = ListMap(Condition, ['type'], { maxItems: 16, description: 'What was observed, one per type.' });

/** A kind of `kdr.dev/v1alpha1`: everything that its CRD is generated from. */
export interface KindDefinition<Spec extends TSchema = TSchema, Status extends TSchema = TSchema> {
  kind: string;
  plural: string;
  shortNames: string[];
  scope: 'Namespaced' | 'Cluster';
  description: string;
  spec: Spec;
  status?: Status;
  /** CEL rules that need more than one of metadata, spec and status. */
  rootRules?: { rule: string; message: string; fieldPath?: string; reason?: string }[];
  selectableFields?: string[];
  printerColumns: {
    name: string;
    type: 'string' | 'integer' | 'date' | 'boolean';
    jsonPath: string;
    priority?: number;
    description?: string;
  }[];
}

/** An object of a kind, as it comes from the API server. */
export interface KdrObject<Spec, Status> {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
}
