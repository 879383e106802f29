import type { FieldError } from './field-error.ts';
import { fieldError } from './field-error.ts';
import { isObject } from './json.ts';
import { prune } from './pruning.ts';
import type { SchemaNode } from './schema-node.ts';
import { ValueValidation, noOldValue } from './value-validation.ts';

/**
 * Checks that every default is valid against its own schema and has no unknown fields (apiextensions
 * `schema/defaulting/validation.go`), so that defaulting never makes a valid object invalid.
 */
export function checkDefaults(schema: SchemaNode, errors: FieldError[]): void {
  visit(schema, '', errors);
}

function visit(schema: SchemaNode, path: string, errors: FieldError[]): void {
  if (schema.default !== undefined) checkDefault(schema, path === '' ? 'default' : `${path}.default`, errors);
  const at = (child: string): string => (path === '' ? child : `${path}.${child}`);
  for (const [name, child] of schema.properties) visit(child, at(`properties[${name}]`), errors);
  if (schema.items !== undefined) visit(schema.items, at('items'), errors);
  if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties, at('additionalProperties'), errors);
}

function checkDefault(schema: SchemaNode, path: string, errors: FieldError[]): void {
  const value = schema.default;
  const unknown: string[] = [];
  if (isObject(value)) prune(value, schema, unknown);
  if (unknown.length > 0) errors.push(fieldError(path, 'Invalid', value, 'must not have unknown fields'));
  const validation = new ValueValidation([path]);
  validation.check(value, noOldValue, schema);
  errors.push(...validation.errors);
}
