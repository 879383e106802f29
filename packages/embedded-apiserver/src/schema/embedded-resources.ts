import type { FieldError } from './field-error.ts';
import { fieldError } from './field-error.ts';
import type { PathSegment } from './field-path.ts';
import { pathText } from './field-path.ts';
import { isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

/** Whether a schema has an `x-kubernetes-embedded-resource` below its root. */
export function hasEmbeddedResource(schema: SchemaNode): boolean {
  const below = [...schema.properties.values(), schema.additionalProperties, schema.items];
  return below.some((child) => typeof child === 'object' && (child.embeddedResource || hasEmbeddedResource(child)));
}

/** Checks `apiVersion` and `kind` of embedded objects (apiextensions `schema/objectmeta/validation.go`). */
export function embeddedResourceErrors(object: JsonObject, schema: SchemaNode): FieldError[] {
  const errors: FieldError[] = [];
  walk(object, schema, [], errors);
  return errors;
}

function walk(value: unknown, schema: SchemaNode, path: PathSegment[], errors: FieldError[]): void {
  const descend = (child: SchemaNode | boolean | undefined, step: PathSegment, of: unknown): void => {
    if (typeof child === 'object') walk(of, child, [...path, step], errors);
  };
  if (Array.isArray(value)) value.forEach((item, i) => descend(schema.items, i, item));
  if (!isObject(value)) return;
  if (schema.embeddedResource) checkTypeMeta(value, path, errors);
  for (const [key, member] of Object.entries(value)) {
    const property = schema.properties.get(key);
    descend(property ?? schema.additionalProperties, property === undefined ? `[${key}]` : key, member);
  }
}

function checkTypeMeta(object: JsonObject, path: readonly PathSegment[], errors: FieldError[]): void {
  for (const name of ['apiVersion', 'kind']) {
    const field = pathText([...path, name]);
    const value = object[name];
    if (!Object.hasOwn(object, name)) errors.push(fieldError(field, 'Required', undefined, ''));
    else if (typeof value !== 'string') errors.push(fieldError(field, 'Invalid', value, 'must be a string'));
    else if (value === '') errors.push(fieldError(field, 'Invalid', value, 'must not be empty'));
  }
}
