import type { PathSegment } from './field-path.ts';
import { pathText } from './field-path.ts';
import { isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Removes members that the schema does not know, as apiextensions' `pruning.PruneWithOptions` does. Copies only what
 * changes: an object with nothing to prune is returned as it came.
 * @param unknown receives the path of each removed member
 */
export function prune(object: JsonObject, schema: SchemaNode, unknown: string[]): JsonObject {
  return pruneObject(object, schema, true, [], unknown);
}

function pruneValue(value: unknown, schema: SchemaNode | undefined, path: PathSegment[], unknown: string[]): unknown {
  if (Array.isArray(value)) return pruneArray(value, schema, path, unknown);
  if (isObject(value)) return pruneObject(value, schema, schema?.embeddedResource === true, path, unknown);
  return value;
}

function pruneArray(list: unknown[], schema: SchemaNode | undefined, path: PathSegment[], unknown: string[]): unknown[] {
  const items = schema?.items;
  if (schema?.preserveUnknownFields === true && items === undefined) return list;
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    path.push(i);
    const pruned = pruneValue(list[i], items, path, unknown);
    path.pop();
    if (pruned !== list[i]) (copy ??= [...list])[i] = pruned;
  }
  return copy ?? list;
}

function pruneObject(
  object: JsonObject,
  schema: SchemaNode | undefined,
  keepsMeta: boolean,
  path: PathSegment[],
  unknown: string[],
): JsonObject {
  let copy: JsonObject | undefined;
  for (const key in object) {
    if (keepsMeta && metaFields.has(key)) continue;
    const known = schema?.properties.get(key);
    const additional = schema?.additionalProperties;
    const child = known ?? (typeof additional === 'object' ? additional : undefined);
    if (child === undefined && additional !== true) {
      if (schema?.preserveUnknownFields === true) continue;
      path.push(key);
      unknown.push(pathText(path));
      path.pop();
      delete (copy ??= { ...object })[key];
      continue;
    }
    const value = object[key];
    if (typeof value !== 'object' || value === null) continue;
    path.push(key);
    const pruned = pruneValue(value, child, path, unknown);
    path.pop();
    if (pruned !== value) (copy ??= { ...object })[key] = pruned;
  }
  return copy ?? object;
}
