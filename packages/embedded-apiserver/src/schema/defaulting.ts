import { isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

/**
 * Removes nulls that are neither nullable nor defaulted, then applies defaults, as apiextensions'
 * `PruneNonNullableNullsWithoutDefaults` and `Default`: a missing member, or a null where null is not allowed, takes the
 * default; defaults within an object appear only if that object is there. Copies only what changes.
 */
export function applyDefaults(object: JsonObject, schema: SchemaNode): JsonObject {
  return defaultObject(object, schema);
}

function defaultValue(value: unknown, schema: SchemaNode): unknown {
  if (Array.isArray(value)) return schema.items === undefined ? value : defaultArray(value, schema.items);
  if (isObject(value)) return defaultObject(value, schema);
  return value;
}

function defaultArray(list: unknown[], items: SchemaNode): unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const value = list[i] === null && !items.nullable && items.default !== undefined ? structuredClone(items.default) : list[i];
    const defaulted = defaultValue(value, items);
    if (defaulted !== list[i]) (copy ??= [...list])[i] = defaulted;
  }
  return copy ?? list;
}

function defaultObject(object: JsonObject, schema: SchemaNode): JsonObject {
  let copy: JsonObject | undefined;
  for (const [name, property] of schema.properties) {
    if (property.default === undefined) continue;
    const missing = !Object.hasOwn(object, name) || (object[name] === null && !property.nullable);
    if (missing) (copy ??= { ...object })[name] = structuredClone(property.default);
  }
  const source = copy ?? object;
  for (const key in source) {
    const additional = schema.additionalProperties;
    const child = schema.properties.get(key) ?? (typeof additional === 'object' ? additional : undefined);
    if (child === undefined) continue;
    const value = source[key];
    if (value === null) {
      if (child.nullable) continue;
      copy ??= { ...object };
      if (child.default === undefined) delete copy[key];
      else copy[key] = structuredClone(child.default);
      continue;
    }
    if (typeof value !== 'object') continue;
    const defaulted = defaultValue(value, child);
    if (defaulted !== value) (copy ??= { ...object })[key] = defaulted;
  }
  return copy ?? object;
}
