import { codePointLength } from '../cel/code-points.ts';
import type { FieldError, FieldErrorType } from './field-error.ts';
import { fieldError } from './field-error.ts';
import type { PathSegment } from './field-path.ts';
import { pathText } from './field-path.ts';
import { deepEqual, isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

/** At most this many errors are reported for one object; the walk ends there. */
export const maxReportedErrors = 100;

/** The old value of a field that has none: a new field, or an entry of a list that cannot be correlated. */
export const noOldValue = Symbol('no old value');

/** What became of one alternative of allOf, anyOf, oneOf or not. */
interface Attempt {
  readonly errors: FieldError[];
  readonly visited: number;
}

/**
 * Checks a pruned, defaulted value against the value validations of its schema. Wording follows kube-openapi's
 * `validation/errors` as apiextensions translates it (`kubeOpenAPIResultToFieldErrors`).
 *
 * Given an old value, an unchanged part is not checked again: validation ratcheting, GA in Kubernetes 1.33 (KEP-4008).
 */
export class ValueValidation {
  readonly errors: FieldError[] = [];
  readonly #path: PathSegment[];
  // kube-openapi names the field relative to the schema it validates: below `status` for the status subresource.
  readonly #nameFrom: number;
  #visited = 0;

  constructor(base: readonly PathSegment[]) {
    this.#path = [...base];
    this.#nameFrom = base.length;
  }

  /** Checks one value and everything below it. */
  check(value: unknown, old: unknown, schema: SchemaNode): void {
    if (this.errors.length >= maxReportedErrors) return;
    if (old !== noOldValue && deepEqual(value, old)) return;
    this.#visited++;
    this.#type(value, schema);
    if (schema.enumeration !== undefined) this.#enumeration(value, schema.enumeration);
    if (value === null) return;
    this.#junctors(value, old, schema);
    if (typeof value === 'string') this.#string(value, schema);
    else if (typeof value === 'number') this.#number(value, schema);
    else if (Array.isArray(value)) this.#array(value, old, schema);
    else if (isObject(value)) this.#object(value, old, schema);
  }

  #type(value: unknown, schema: SchemaNode): void {
    if (schema.type === '' && !schema.intOrString) return;
    const actual = jsonTypeOf(value);
    if (actual === schema.type || (actual === 'null' && schema.nullable)) return;
    if (schema.type === 'number' && actual === 'integer') return;
    if (schema.intOrString && (actual === 'integer' || actual === 'string')) return;
    const wanted = schema.intOrString ? 'integer,string' : schema.type;
    this.#add('TypeInvalid', actual, `must be of type ${wanted}: "${actual}"`);
  }

  #enumeration(value: unknown, allowed: readonly unknown[]): void {
    for (const candidate of allowed) if (deepEqual(candidate, value)) return;
    const shown = allowed.map((candidate) => JSON.stringify(typeof candidate === 'string' ? candidate : JSON.stringify(candidate)));
    this.#addAt(pathText(this.#path), 'NotSupported', value, `supported values: ${shown.join(', ')}`);
  }

  #string(value: string, schema: SchemaNode): void {
    if (schema.maxLength !== undefined && value.length > schema.maxLength && codePointLength(value) > schema.maxLength) {
      const unit = schema.maxLength === 1 ? 'byte' : 'bytes';
      this.#addAt(pathText(this.#path), 'TooLong', undefined, `may not be more than ${schema.maxLength} ${unit}`);
    } else if (schema.minLength !== undefined && codePointLength(value) < schema.minLength) {
      this.#add('Invalid', value, `should be at least ${schema.minLength} chars long`);
    } else if (schema.pattern !== undefined && !schema.pattern.compiled.matches(value)) {
      this.#add('Invalid', value, `should match '${schema.pattern.source}'`);
    }
    if (schema.formatCheck?.(value) === false)
      this.#add('TypeInvalid', value, `must be of type ${schema.format}: ${JSON.stringify(value)}`);
  }

  #number(value: number, schema: SchemaNode): void {
    const { minimum, maximum, multipleOf } = schema;
    if (multipleOf !== undefined && !Number.isInteger(multipleOf < 1 ? (1 / multipleOf) * value : value / multipleOf)) {
      this.#add('Invalid', value, `should be a multiple of ${multipleOf}`);
    }
    if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
      this.#add('Invalid', value, `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
    }
    if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
      this.#add('Invalid', value, `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
    }
  }

  #array(list: unknown[], old: unknown, schema: SchemaNode): void {
    if (schema.items !== undefined) {
      const oldItem = oldItems(old, schema);
      for (let i = 0; i < list.length; i++) {
        this.#path.push(i);
        this.check(list[i], oldItem(list[i], i), schema.items);
        this.#path.pop();
      }
    }
    const size = list.length;
    if (schema.minItems !== undefined && size < schema.minItems)
      this.#add('Invalid', size, `should have at least ${schema.minItems} items`);
    if (schema.maxItems !== undefined && size > schema.maxItems) this.#tooMany(size, schema.maxItems);
  }

  #object(object: JsonObject, old: unknown, schema: SchemaNode): void {
    const { minProperties, maxProperties, additionalProperties } = schema;
    if (minProperties !== undefined || maxProperties !== undefined) {
      const count = Object.keys(object).length;
      if (minProperties !== undefined && count < minProperties)
        this.#add('Invalid', count, `should have at least ${minProperties} properties`);
      if (maxProperties !== undefined && count > maxProperties) this.#tooMany(count, maxProperties);
    }
    const oldObject = isObject(old) ? old : undefined;
    for (const key in object) {
      const child = schema.properties.get(key) ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
      if (child === undefined) continue;
      this.#path.push(key);
      this.check(object[key], oldObject !== undefined && Object.hasOwn(oldObject, key) ? oldObject[key] : noOldValue, child);
      this.#path.pop();
    }
    for (const name of schema.required) {
      if (!Object.hasOwn(object, name)) this.#addAt(pathText([...this.#path, name]), 'Required', undefined, '');
    }
  }

  #junctors(value: unknown, old: unknown, schema: SchemaNode): void {
    if (schema.anyOf.length > 0) this.#anyOf(value, schema.anyOf);
    if (schema.oneOf.length > 0) this.#oneOf(value, schema.oneOf);
    if (schema.allOf.length > 0) this.#allOf(value, schema.allOf);
    if (schema.not !== undefined && this.#attempt(value, schema.not).errors.length === 0) this.#whole('must not validate the schema (not)');
  }

  #allOf(value: unknown, parts: readonly SchemaNode[]): void {
    const attempts = parts.map((part) => this.#attempt(value, part));
    for (const { errors } of attempts) this.errors.push(...errors);
    const failed = attempts.filter(({ errors }) => errors.length > 0).length;
    if (failed > 0) this.#whole(`must validate all the schemas (allOf)${failed === parts.length ? '. None validated' : ''}`);
  }

  #anyOf(value: unknown, alternatives: readonly SchemaNode[]): void {
    const failures: Attempt[] = [];
    for (const alternative of alternatives) {
      const attempt = this.#attempt(value, alternative);
      if (attempt.errors.length === 0) return;
      failures.push(attempt);
    }
    this.#whole('must validate at least one schema (anyOf)');
    this.errors.push(...closest(failures));
  }

  #oneOf(value: unknown, alternatives: readonly SchemaNode[]): void {
    const attempts = alternatives.map((alternative) => this.#attempt(value, alternative));
    const valid = attempts.filter(({ errors }) => errors.length === 0).length;
    if (valid === 1) return;
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    this.#whole(`must validate one and only one schema (oneOf). ${found}`);
    if (valid === 0) this.errors.push(...closest(attempts));
  }

  /** The errors of an alternative, without keeping them, and how many values it looked at. */
  #attempt(value: unknown, schema: SchemaNode): Attempt {
    const [from, visited] = [this.errors.length, this.#visited];
    this.check(value, noOldValue, schema);
    return { errors: this.errors.splice(from), visited: this.#visited - visited };
  }

  #whole(detail: string): void {
    const base = this.#path.slice(0, this.#nameFrom);
    this.#addAt(pathText(base), 'Invalid', '', `"${this.#name()}" ${detail}`);
  }

  #tooMany(actual: number, most: number): void {
    this.#addAt(pathText(this.#path), 'TooMany', actual, `must have at most ${most} ${most === 1 ? 'item' : 'items'}`);
  }

  #add(type: FieldErrorType, value: unknown, predicate: string): void {
    this.#addAt(pathText(this.#path), type, value, `${this.#name()} in body ${predicate}`);
  }

  #addAt(field: string, type: FieldErrorType, value: unknown, detail: string): void {
    this.errors.push(fieldError(field, type, value, detail));
  }

  #name(): string {
    return pathText(this.#path.slice(this.#nameFrom));
  }
}

// Of several failures the one that got furthest is reported (kube-openapi's MatchCount), the first among equals.
function closest(attempts: readonly Attempt[]): FieldError[] {
  return (
    attempts.reduce<Attempt | undefined>((best, each) => (best === undefined || each.visited > best.visited ? each : best), undefined)
      ?.errors ?? []
  );
}

/**
 * Finds the old entry of a list entry by its keys in a list-map; entries of other lists have no identity of their own.
 */
function oldItems(old: unknown, schema: SchemaNode): (item: unknown, index: number) => unknown {
  if (!Array.isArray(old)) return () => noOldValue;
  if (schema.listType !== 'map') return () => noOldValue;
  const byKey = new Map(old.map((item) => [listMapKey(item, schema), item]));
  return (item) => byKey.get(listMapKey(item, schema)) ?? noOldValue;
}

/** The identity of an entry in a list-map: its key fields, in the order of the schema, defaults applied. */
export function listMapKey(item: unknown, schema: SchemaNode): string {
  if (!isObject(item)) return '';
  const keys = schema.listMapKeys;
  const first = keys[0];
  if (keys.length === 1 && first !== undefined) return JSON.stringify(item[first]) ?? '';
  return JSON.stringify(keys.map((key) => item[key] ?? null));
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
