import type { FieldErrorType } from './field-error.ts';
import { isObject, type JsonObject } from './json.ts';
import type { SchemaNode } from './schema-node.ts';

/*
 * The invariants of structural schemas: apiextensions `schema/validation.go` and `schema/complete.go`, and the parts of
 * `apis/apiextensions/validation` that are about one schema.
 */

/** Where a schema stands: the rules for a missing type and for metadata depend on it. */
export type Level = 'root' | 'field' | 'item' | 'nested';

/** Takes what is wrong. */
export type Report = (field: string, type: FieldErrorType, value: unknown, detail: string) => void;

// apiextensions validation.go: ValidateCustomResourceDefinitionOpenAPISchema and specStandardValidatorV3.
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'];
// schema/validation.go, validateNestedValueValidation
const forbiddenInNested: readonly [keyword: string, wording: string][] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];
/** A value validation below allOf, anyOf, oneOf or not says nothing that belongs on the spine. */
export function checkNested(report: Report, raw: JsonObject, path: string): void {
  for (const [keyword, wording] of forbiddenInNested) {
    const value = raw[keyword];
    const empty = value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0);
    if (!empty) report(join(path, keyword), 'Forbidden', undefined, wording);
  }
  if (isObject(raw['properties']) && raw['properties']['metadata'] !== undefined) {
    report(`${join(path, 'properties')}[metadata]`, 'Forbidden', undefined, 'must not be specified in a nested context');
  }
}

/** What holds of a schema on the spine, wherever it stands. */
export function checkSpine(report: Report, node: SchemaNode, raw: JsonObject, path: string, level: Level): void {
  for (const keyword of unsupported) {
    if (raw[keyword] !== undefined) report(join(path, keyword), 'Forbidden', undefined, `${keyword} is not supported`);
  }
  if (raw['uniqueItems'] === true) {
    const wording = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    report(join(path, 'uniqueItems'), 'Forbidden', undefined, wording);
  }
  if (node.type === 'array' && node.items === undefined) report(join(path, 'items'), 'Required', undefined, 'must be specified');
  if (node.additionalProperties !== undefined && node.properties.size > 0) {
    report(join(path, 'additionalProperties'), 'Forbidden', undefined, 'additionalProperties and properties are mutual exclusive');
  }
  if (raw['type'] === undefined && raw['$ref'] === undefined) checkMissingType(report, node, path, level);
  if (node.embeddedResource && node.type !== '' && node.type !== 'object') {
    report(join(path, 'type'), 'Invalid', node.type, 'must be object if x-kubernetes-embedded-resource is true');
  }
  checkExtensions(report, node, path);
  checkListType(report, node, path);
  if (level === 'root') checkCompleteness(report, node, path);
}

function checkMissingType(report: Report, node: SchemaNode, path: string, level: Level): void {
  if (node.embeddedResource) report(join(path, 'type'), 'Required', undefined, 'must be object if x-kubernetes-embedded-resource is true');
  else if (!node.intOrString && !node.preserveUnknownFields) {
    const place = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields', nested: '' }[level];
    report(join(path, 'type'), 'Required', undefined, `must not be empty ${place}`);
  }
}

function checkExtensions(report: Report, node: SchemaNode, path: string): void {
  const wording = 'must be false if x-kubernetes-int-or-string is true';
  if (node.intOrString && node.preserveUnknownFields) report(join(path, 'x-kubernetes-preserve-unknown-fields'), 'Invalid', true, wording);
  if (node.intOrString && node.embeddedResource) report(join(path, 'x-kubernetes-embedded-resource'), 'Invalid', true, wording);
  if (!node.embeddedResource) return;
  if (node.additionalProperties !== undefined) {
    report(join(path, 'additionalProperties'), 'Forbidden', undefined, 'must not be used if x-kubernetes-embedded-resource is set');
  }
  if (!node.preserveUnknownFields && node.properties.size === 0) {
    const detail = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    report(join(path, 'properties'), 'Required', undefined, detail);
  }
}

function checkListType(report: Report, node: SchemaNode, path: string): void {
  if (node.listType !== '' && node.type !== 'array') {
    report(join(path, 'type'), 'Invalid', node.type, 'must be array if x-kubernetes-list-type is specified');
  }
  if (node.listMapKeys.length > 0 && node.listType !== 'map') {
    report(join(path, 'x-kubernetes-list-type'), 'Required', undefined, 'must be map if x-kubernetes-list-map-keys is non-empty');
  }
  if (node.listType !== 'map') return;
  if (node.listMapKeys.length === 0) {
    report(join(path, 'x-kubernetes-list-map-keys'), 'Required', undefined, 'must not be empty if x-kubernetes-list-type is map');
  }
  const items = node.items;
  if (items === undefined) return;
  const itemsPath = join(path, 'items');
  if (items.type !== 'object') {
    report(join(itemsPath, 'type'), 'Invalid', items.type, "must be object if parent array's x-kubernetes-list-type is map");
  }
  for (const key of node.listMapKeys) {
    const property = items.properties.get(key);
    if (property === undefined) {
      report(join(path, 'x-kubernetes-list-map-keys'), 'Invalid', node.listMapKeys, 'entries must all be names of item properties');
    } else if (property.nullable) {
      const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
      report(`${join(itemsPath, 'properties')}[${key}].nullable`, 'Forbidden', undefined, detail);
    } else if (property.default === undefined && !items.required.includes(key)) {
      const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      report(`${join(itemsPath, 'properties')}[${key}].default`, 'Required', undefined, detail);
    }
  }
}

/** Every field that a value validation nested at the root names has to exist on the spine (complete.go; only there). */
function checkCompleteness(report: Report, node: SchemaNode, path: string): void {
  const visit = (nested: SchemaNode, spine: SchemaNode | undefined, nestedPath: string, spinePath: string): void => {
    for (const [name, child] of nested.properties) {
      const wanted = `${join(spinePath, 'properties')}[${name}]`;
      const from = `${join(nestedPath, 'properties')}[${name}]`;
      const found = spine?.properties.get(name);
      if (found === undefined) report(wanted, 'Required', undefined, `because it is defined in ${from}`);
      else visit(child, found, from, wanted);
    }
    if (nested.items !== undefined) {
      const wanted = join(spinePath, 'items');
      const from = join(nestedPath, 'items');
      if (spine?.items === undefined) report(wanted, 'Required', undefined, `because it is defined in ${from}`);
      else visit(nested.items, spine.items, from, wanted);
    }
    for (const [keyword, list] of Object.entries({ allOf: nested.allOf, anyOf: nested.anyOf, oneOf: nested.oneOf })) {
      list.forEach((child, index) => visit(child, spine, `${join(nestedPath, keyword)}[${index}]`, spinePath));
    }
    if (nested.not !== undefined) visit(nested.not, spine, join(nestedPath, 'not'), spinePath);
  };
  for (const [keyword, list] of Object.entries({ allOf: node.allOf, anyOf: node.anyOf, oneOf: node.oneOf })) {
    list.forEach((child, index) => visit(child, node, `${join(path, keyword)}[${index}]`, path));
  }
  if (node.not !== undefined) visit(node.not, node, join(path, 'not'), path);
}

/** What holds of the root of a resource. */
export function checkRoot(report: Report, node: SchemaNode, raw: JsonObject, path: string): void {
  if (node.type !== '' && node.type !== 'object') report(join(path, 'type'), 'Invalid', node.type, 'must be object at the root');
  if (node.additionalProperties !== undefined)
    report(join(path, 'additionalProperties'), 'Forbidden', undefined, 'must not be used at the root');
  if (node.nullable) report(join(path, 'nullable'), 'Forbidden', undefined, 'nullable cannot be true at the root');
  if (node.default !== undefined) report(join(path, 'default'), 'Forbidden', undefined, 'must not be set at the root');
  for (const name of ['apiVersion', 'kind']) {
    const property = node.properties.get(name);
    if (property !== undefined && property.type !== 'string') {
      report(`${join(path, 'properties')}[${name}].type`, 'Invalid', property.type, 'must be string');
    }
  }
  checkRootMetadata(report, raw, path);
}

function checkRootMetadata(report: Report, raw: JsonObject, path: string): void {
  const metadata = isObject(raw['properties']) ? raw['properties']['metadata'] : undefined;
  if (!isObject(metadata)) return;
  const own = Object.keys(metadata).filter((keyword) => !['type', 'properties'].includes(keyword));
  const names = isObject(metadata['properties']) ? Object.keys(metadata['properties']) : [];
  if (own.length === 0 && names.every((name) => name === 'name' || name === 'generateName')) return;
  const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  report(`${join(path, 'properties')}[metadata]`, 'Forbidden', undefined, detail);
}

export function join(path: string, child: string): string {
  return path === '' ? child : `${path}.${child}`;
}

export function quoted(values: Iterable<unknown>): string {
  return [...values].map((value) => JSON.stringify(value)).join(', ');
}
