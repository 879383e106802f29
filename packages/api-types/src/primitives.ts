import { type TSchema, Type } from '@sinclair/typebox';

/** One of some words; becomes `enum` in the CRD (TypeBox' own union of literals would become `anyOf`, which is not structural). */
export function OneOf<const T extends readonly string[]>(values: T, description: string, options: Record<string, unknown> = {}) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...options });
}

/** A rule in CEL that the API server holds (KEP-2876). `message` names what is wrong and what to do. */
export interface CelRule {
  rule: string;
  message: string;
  fieldPath?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Schema option that carries CEL rules into the CRD. */
export function rules(...list: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/** A list whose items are told apart by keys, as server-side apply and CEL's transition rules need it (KEP-555). */
export function ListMap<T extends TSchema>(item: T, keys: string[], options: { maxItems: number; description: string }) {
  return Type.Array(item, { ...options, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

/** A bounded list of words, each at most once. */
export function WordSet(description: string, maxItems = 64, maxLength = 253) {
  return Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems, description, 'x-kubernetes-list-type': 'set' });
}

/** RFC 1123 label or subdomain: names of objects, nodes, namespaces. */
export const DNS_NAME = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';

export function ObjectName(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 253, pattern: DNS_NAME });
}

/** CamelCase word: a fault, a cause, a reason. */
export function Word(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 128, pattern: '^[A-Z][A-Za-z0-9]*$' });
}

/** Text for people; longer text belongs in an artifact. */
export function Text(description: string, maxLength = 1024) {
  return Type.String({ description, maxLength });
}

/** RFC 3339 time. */
export function Time(description: string) {
  return Type.String({ description, format: 'date-time', maxLength: 64 });
}

export function Int(description: string, options: { minimum?: number; maximum?: number; default?: number } = {}) {
  return Type.Integer({ description, format: 'int64', ...options });
}

/** A JSON object whose fields are the plugin's business; bounded by whoever writes it, since a schema can't. */
export function FreeObject(description: string) {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** A condition written in CEL by a user; compiled by whoever evaluates it, refused when it does not compile. */
export function CelExpression(description: string) {
  return Type.String({ description, minLength: 1, maxLength: 2048 });
}
