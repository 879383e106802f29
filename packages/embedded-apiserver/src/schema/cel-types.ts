import type { CelType, ListIdentity, ObjectField } from '../cel/types.ts';
import { bool, bytes, double, duration, dyn, int, list, map, string, timestamp } from '../cel/types.ts';
import type { SchemaNode } from './schema-node.ts';

// apiserver pkg/cel/escaping.go: the reserved words of CEL.
const keywords: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/**
 * The CEL name of a property: `__dot__`, `__dash__`, `__slash__`, `__underscores__`, and `__namespace__` for a keyword.
 * @returns undefined for names that CEL cannot reach, such as `$ref` or `1st`
 */
export function escapeName(name: string): string | undefined {
  if (!/^[a-zA-Z_][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined;
  if (keywords.has(name)) return `__${name}__`;
  return name.replaceAll('__', '__underscores__').replaceAll('.', '__dot__').replaceAll('-', '__dash__').replaceAll('/', '__slash__');
}

/**
 * The CEL type of a schema (apiextensions `cel/model: SchemaDeclType`). Fields whose schema says nothing are left out.
 * @param resourceRoot whether `apiVersion`, `kind` and `metadata` are there although the schema does not list them
 */
export function celTypeOf(schema: SchemaNode, resourceRoot: boolean, name: string): CelType | undefined {
  if (schema.intOrString) return dyn;
  switch (resourceRoot ? 'object' : schema.type) {
    case 'array': {
      const element = schema.items && celTypeOf(schema.items, schema.items.embeddedResource, `${name}.@idx`);
      return element === undefined ? undefined : list(element, identityOf(schema));
    }
    case 'object':
      return objectType(schema, resourceRoot, name);
    case 'string':
      return stringType(schema.format);
    case 'boolean':
      return bool;
    case 'number':
      return double;
    case 'integer':
      return int;
    default:
      return undefined;
  }
}

function identityOf(schema: SchemaNode): ListIdentity | undefined {
  if (schema.listType === 'set') return 'set';
  return schema.listType === 'map' ? schema.listMapKeys : undefined;
}

function stringType(format: string): CelType {
  switch (format) {
    case 'byte':
      return bytes;
    case 'duration':
      return duration;
    case 'date':
    case 'date-time':
      return timestamp;
    default:
      return string;
  }
}

function objectType(schema: SchemaNode, resourceRoot: boolean, name: string): CelType | undefined {
  if (typeof schema.additionalProperties === 'object') {
    const value = celTypeOf(schema.additionalProperties, schema.additionalProperties.embeddedResource, `${name}.@elem`);
    return value === undefined ? undefined : map(string, value);
  }
  const fields = new Map<string, ObjectField>();
  for (const [property, child] of schema.properties) {
    const field = escapeName(property);
    const type = celTypeOf(child, child.embeddedResource, `${name}.${property}`);
    if (field !== undefined && type !== undefined) fields.set(field, { property, type });
  }
  if (resourceRoot) addTypeAndObjectMeta(fields, name);
  return { kind: 'object', name, fields };
}

function addTypeAndObjectMeta(fields: Map<string, ObjectField>, name: string): void {
  for (const property of ['apiVersion', 'kind']) fields.set(property, { property, type: string });
  const metadata = new Map(['name', 'generateName'].map((property) => [property, { property, type: string }]));
  fields.set('metadata', { property: 'metadata', type: { kind: 'object', name: `${name}.metadata`, fields: metadata } });
}
