import type { FieldError } from '../schema/field-error.ts';
import type { ResourceSchema } from '../schema/resource-schema.ts';
import type { TablePrinter } from '../printing/table.ts';
import type { KubernetesObject } from '../api/object.ts';

/** A field that `fieldSelector` may name, and how its value is read from a stored object. */
export interface SelectableField {
  name: string;
  read(object: KubernetesObject): string;
}

/** The verbs of discovery that every stored resource has. */
export const storedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;

/** Everything the server knows of one served resource (one version of one plural). Immutable; a changed CRD makes a new one. */
export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** Whether metadata.generation counts the changes outside of metadata and status. */
  readonly hasGeneration: boolean;
  /** Whether a status given to create is kept (a kubelet registers its Node with one); otherwise it is dropped. */
  readonly keepsStatusOnCreate: boolean;
  /** Whether an update has to name a resourceVersion, as custom resources have to. */
  readonly needsResourceVersion: boolean;
  /** The resource under which objects are stored: the same for two versions of one thing. */
  readonly storage: string;
  readonly schema: ResourceSchema;
  readonly openApiSchema: object;
  readonly printer: TablePrinter;
  readonly selectableFields: readonly SelectableField[];
  /** Adds what the server itself fills in, before validation: stringData of a Secret, conditions of a CRD. */
  complete?(object: KubernetesObject, old: KubernetesObject | undefined): void;
  /** Rules that a schema cannot say. */
  validate?(object: KubernetesObject, old: KubernetesObject | undefined): FieldError[];
  /** From the shape of this version to the stored one and back, where they differ. */
  convert?: { toStored(object: KubernetesObject): KubernetesObject; fromStored(object: KubernetesObject): KubernetesObject };
}

/** `apps/v1`, or `v1` in the core group. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}
