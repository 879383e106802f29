import type { Pattern } from './pattern.ts';

/** The `type` of a structural schema; `''` where none is given (int-or-string, preserve-unknown-fields, value validation). */
export type JsonType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | '';

/** One entry of `x-kubernetes-validations`. */
export interface ValidationRule {
  rule: string;
  message: string;
  messageExpression: string;
  reason: string;
  fieldPath: string;
  optionalOldSelf: boolean;
}

/**
 * One schema, read and checked. The same shape serves the structural spine and the value validations nested in
 * allOf/anyOf/oneOf/not; the latter have no type, defaults or extensions (KEP-1044, structural schemas).
 */
export interface SchemaNode {
  type: JsonType;
  nullable: boolean;
  /** Undefined: no default. (A default of null is not allowed unless nullable, and then means nothing.) */
  default: unknown;
  properties: ReadonlyMap<string, SchemaNode>;
  /** A schema for the values of a map; true: anything; false and undefined: no such members. */
  additionalProperties: SchemaNode | boolean | undefined;
  items: SchemaNode | undefined;
  preserveUnknownFields: boolean;
  intOrString: boolean;
  embeddedResource: boolean;
  listType: 'atomic' | 'set' | 'map' | '';
  listMapKeys: readonly string[];
  mapType: 'atomic' | 'granular' | '';
  rules: readonly ValidationRule[];

  required: readonly string[];
  enumeration: readonly unknown[] | undefined;
  format: string;
  /** The check behind `format`, where Kubernetes knows one. */
  formatCheck: ((text: string) => boolean) | undefined;
  pattern: { source: string; compiled: Pattern } | undefined;
  minimum: number | undefined;
  maximum: number | undefined;
  exclusiveMinimum: boolean;
  exclusiveMaximum: boolean;
  multipleOf: number | undefined;
  minLength: number | undefined;
  maxLength: number | undefined;
  minItems: number | undefined;
  maxItems: number | undefined;
  minProperties: number | undefined;
  maxProperties: number | undefined;
  allOf: readonly SchemaNode[];
  anyOf: readonly SchemaNode[];
  oneOf: readonly SchemaNode[];
  not: SchemaNode | undefined;
}
