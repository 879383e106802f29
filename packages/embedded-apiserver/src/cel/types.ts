/** Kinds without parts. `ip`, `cidr` and `url` are the opaque types of the Kubernetes libraries. */
export type ScalarKind =
  'dyn' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration' | 'type' | 'url';

/** The static type of a CEL expression. Object types are compared by identity: one schema, one type. */
export type CelType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'list'; readonly element: CelType; readonly identity?: ListIdentity }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType }
  | { readonly kind: 'optional'; readonly of: CelType }
  | ObjectType
  | { readonly kind: 'param'; readonly name: string };

/**
 * How entries of a list are told apart where their order does not matter: by value in a set, by these fields in a map
 * (`x-kubernetes-list-type`).
 */
export type ListIdentity = 'set' | readonly string[];

/** An object with declared fields, keyed by their escaped CEL name. */
export interface ObjectType {
  readonly kind: 'object';
  readonly name: string;
  readonly fields: ReadonlyMap<string, ObjectField>;
}

/** A field: where its value is in the JSON object, and its type. */
export interface ObjectField {
  readonly property: string;
  readonly type: CelType;
  /** Whether null is a value. In resources a null field is an absent one (apiserver pkg/cel/common, unstructuredMap.Find). */
  readonly keepsNull?: boolean;
}

export const dyn: CelType = { kind: 'dyn' };
export const nullType: CelType = { kind: 'null' };
export const bool: CelType = { kind: 'bool' };
export const int: CelType = { kind: 'int' };
export const uint: CelType = { kind: 'uint' };
export const double: CelType = { kind: 'double' };
export const string: CelType = { kind: 'string' };
export const bytes: CelType = { kind: 'bytes' };
export const timestamp: CelType = { kind: 'timestamp' };
export const duration: CelType = { kind: 'duration' };
export const typeType: CelType = { kind: 'type' };
export const url: CelType = { kind: 'url' };

export function list(element: CelType, identity?: ListIdentity): CelType {
  return identity === undefined ? { kind: 'list', element } : { kind: 'list', element, identity };
}

export function map(key: CelType, value: CelType): CelType {
  return { kind: 'map', key, value };
}

export function optional(of: CelType): CelType {
  return { kind: 'optional', of };
}

export function param(name: string): CelType {
  return { kind: 'param', name };
}

/** An object type from its fields, named as its JSON properties. */
export function object(name: string, fields: Record<string, CelType>): ObjectType {
  return { kind: 'object', name, fields: new Map(Object.entries(fields).map(([property, type]) => [property, { property, type }])) };
}

/** The type as cel-go prints it in errors. */
export function typeName(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${typeName(type.element)})`;
    case 'map':
      return `map(${typeName(type.key)}, ${typeName(type.value)})`;
    case 'optional':
      return `optional_type(${typeName(type.of)})`;
    case 'object':
    case 'param':
      return type.name;
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'url':
      return 'kubernetes.URL';
    default:
      return type.kind;
  }
}

/** Types chosen for the parameters of one call. */
export type Bindings = Map<string, CelType>;

/**
 * Whether a value of type `actual` may stand where `wanted` is expected; binds type parameters on the way.
 * `dyn` fits everywhere in both directions, and null fits an object, a time or an optional (cel-go checker/types.go).
 */
export function isAssignable(wanted: CelType, actual: CelType, bindings: Bindings): boolean {
  if (wanted.kind === 'param') return isAssignableToParameter(wanted.name, actual, bindings);
  if (wanted.kind === 'dyn' || actual.kind === 'dyn') return true;
  if (actual.kind === 'null') return ['null', 'object', 'timestamp', 'duration', 'optional', 'url'].includes(wanted.kind);
  if (wanted.kind === 'list' && actual.kind === 'list') return isAssignable(wanted.element, actual.element, bindings);
  if (wanted.kind === 'map' && actual.kind === 'map') {
    return isAssignable(wanted.key, actual.key, bindings) && isAssignable(wanted.value, actual.value, bindings);
  }
  if (wanted.kind === 'optional' && actual.kind === 'optional') return isAssignable(wanted.of, actual.of, bindings);
  if (wanted.kind === 'object' || actual.kind === 'object') return wanted === actual;
  return wanted.kind === actual.kind;
}

function isAssignableToParameter(name: string, actual: CelType, bindings: Bindings): boolean {
  const bound = bindings.get(name);
  if (bound === undefined) {
    bindings.set(name, actual);
    return true;
  }
  const joined = join(bound, actual);
  if (joined === undefined) return false;
  bindings.set(name, joined);
  return true;
}

/** The type of a value that may be either of two, or undefined if they have nothing in common. */
export function join(a: CelType, b: CelType): CelType | undefined {
  if (a === b) return a;
  if (a.kind === 'dyn' || b.kind === 'dyn') return dyn;
  if (a.kind === 'null') return isAssignable(b, a, new Map()) ? b : undefined;
  if (a.kind === 'list' && b.kind === 'list') return wrap(join(a.element, b.element), list);
  if (a.kind === 'optional' && b.kind === 'optional') return wrap(join(a.of, b.of), optional);
  if (a.kind === 'map' && b.kind === 'map') {
    const key = join(a.key, b.key);
    return key === undefined ? undefined : wrap(join(a.value, b.value), (value) => map(key, value));
  }
  return isAssignable(a, b, new Map()) ? a : undefined;
}

function wrap(type: CelType | undefined, make: (type: CelType) => CelType): CelType | undefined {
  return type === undefined ? undefined : make(type);
}

/** Replaces parameters by what a call bound them to; an unbound one is `dyn`. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case 'param':
      return bindings.get(type.name) ?? dyn;
    case 'list':
      return list(substitute(type.element, bindings));
    case 'map':
      return map(substitute(type.key, bindings), substitute(type.value, bindings));
    case 'optional':
      return optional(substitute(type.of, bindings));
    default:
      return type;
  }
}

/** Whether a value of this type is known only when it is there: then overloads are chosen at run time. */
export function isDynamic(type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'list':
      return isDynamic(type.element);
    case 'map':
      return isDynamic(type.key) || isDynamic(type.value);
    case 'optional':
      return isDynamic(type.of);
    default:
      return false;
  }
}
