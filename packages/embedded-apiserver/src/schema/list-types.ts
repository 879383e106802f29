import type { FieldError } from './field-error.ts';
import { fieldError } from './field-error.ts';
import type { PathSegment } from './field-path.ts';
import { pathText } from './field-path.ts';
import { canonicalJson, isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

/** Whether any list of this schema is a set or a map, so that objects of other kinds need no walk. */
export function hasListTypes(schema: SchemaNode): boolean {
  if (schema.listType === 'set' || schema.listType === 'map') return true;
  for (const property of schema.properties.values()) if (hasListTypes(property)) return true;
  if (typeof schema.additionalProperties === 'object' && hasListTypes(schema.additionalProperties)) return true;
  return schema.items !== undefined && hasListTypes(schema.items);
}

/**
 * Refuses duplicates in lists with `x-kubernetes-list-type: set` or `map` (apiextensions `schema/listtype/validation.go`).
 */
export function duplicateListEntries(object: JsonObject, schema: SchemaNode): FieldError[] {
  const errors: FieldError[] = [];
  walk(object, schema, [], errors);
  return errors;
}

function walk(value: unknown, schema: SchemaNode, path: PathSegment[], errors: FieldError[]): void {
  if (Array.isArray(value)) {
    if (schema.listType === 'set') report(value, value, path, errors);
    else if (schema.listType === 'map') checkMap(value, schema, path, errors);
    if (schema.items === undefined) return;
    for (let i = 0; i < value.length; i++) descend(value[i], schema.items, i, path, errors);
  } else if (isObject(value)) {
    for (const key in value) {
      const property = schema.properties.get(key);
      const additional = schema.additionalProperties;
      if (property !== undefined) descend(value[key], property, key, path, errors);
      else if (typeof additional === 'object') descend(value[key], additional, `[${key}]`, path, errors);
    }
  }
}

function descend(value: unknown, schema: SchemaNode, step: PathSegment, path: PathSegment[], errors: FieldError[]): void {
  if (typeof value !== 'object' || value === null) return;
  path.push(step);
  walk(value, schema, path, errors);
  path.pop();
}

function checkMap(list: unknown[], schema: SchemaNode, path: PathSegment[], errors: FieldError[]): void {
  const stray = list.findIndex((item) => item !== null && !isObject(item));
  if (stray >= 0) {
    errors.push(fieldError(pathText([...path, stray]), 'Invalid', list[stray], 'must be an object for an array of list-type map'));
    return;
  }
  if (list.length < 2) return;
  const keys = list.map((item) => {
    const key: JsonObject = {};
    if (isObject(item)) for (const name of schema.listMapKeys) if (Object.hasOwn(item, name)) key[name] = item[name];
    return key;
  });
  report(keys, keys, path, errors);
}

// Each repeated value is reported once, at its second place, as validateListSet does.
function report(values: unknown[], shown: unknown[], path: readonly PathSegment[], errors: FieldError[]): void {
  if (values.length < 2) return;
  const seen = new Map<string, number>();
  for (let i = 0; i < values.length; i++) {
    const text = canonicalJson(values[i]);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) errors.push(fieldError(pathText([...path, i]), 'Duplicate', shown[i], ''));
  }
}
