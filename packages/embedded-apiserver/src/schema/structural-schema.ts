import type { FieldError } from './field-error.ts';
import { fieldError } from './field-error.ts';
import { formatCheck } from './formats.ts';
import { deepEqual, isObject, type JsonObject } from './json.ts';
import { compilePattern } from './pattern.ts';
import type { JsonType, SchemaNode, ValidationRule } from './schema-node.ts';

/** Where a schema stands: the rules for a missing type and for metadata depend on it. */
type Level = 'root' | 'field' | 'item' | 'nested';

/** Limits of one schema. Kubernetes bounds a CRD by the request size (about 1.5 MiB); these bound the walk as well. */
export const schemaLimits = { depth: 64, nodes: 20_000 } as const;

const types: ReadonlySet<unknown> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);
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
const intOrStringAnyOf = [{ type: 'integer' }, { type: 'string' }];

/**
 * Reads an `openAPIV3Schema` into a {@link SchemaNode} tree and checks that it is structural
 * (KEP-1044; apiextensions-apiserver `schema/validation.go`). Everything found wrong is appended to `errors`.
 * @param builtin a schema of the server itself: it may describe metadata and needs no object root
 */
export function readStructuralSchema(raw: unknown, errors: FieldError[], builtin: boolean): SchemaNode {
  const reader = new StructuralSchemaReader(errors, builtin);
  return reader.read(raw, '', 'root', 0);
}

class StructuralSchemaReader {
  readonly #errors: FieldError[];
  readonly #builtin: boolean;
  #nodes = 0;

  constructor(errors: FieldError[], builtin: boolean) {
    this.#errors = errors;
    this.#builtin = builtin;
  }

  read(raw: unknown, path: string, level: Level, depth: number): SchemaNode {
    if (!isObject(raw)) return this.#refuse(path, raw, 'must be an object');
    if (++this.#nodes > schemaLimits.nodes) return this.#refuse(path, '', `has more than ${schemaLimits.nodes} schemas`);
    if (depth > schemaLimits.depth) return this.#refuse(path, '', `is nested deeper than ${schemaLimits.depth}`);

    const node = level === 'nested' ? emptyNode() : this.#spine(raw, path, depth);
    this.#valueValidation(node, raw, path, level, depth);
    if (level === 'nested') this.#checkNested(raw, path);
    else this.#checkSpine(node, raw, path, level);
    return node;
  }

  #spine(raw: JsonObject, path: string, depth: number): SchemaNode {
    const node = emptyNode();
    const type = raw['type'] ?? '';
    if (type !== '' && !types.has(type)) this.#error(path, 'type', 'NotSupported', type, 'supported values: ' + quoted(types));
    else node.type = type as JsonType;
    node.nullable = raw['nullable'] === true;
    if (raw['default'] !== undefined && raw['default'] !== null) node.default = raw['default'];
    node.preserveUnknownFields = raw['x-kubernetes-preserve-unknown-fields'] === true;
    node.intOrString = raw['x-kubernetes-int-or-string'] === true;
    node.embeddedResource = raw['x-kubernetes-embedded-resource'] === true;
    node.listType = this.#oneOf(raw, path, 'x-kubernetes-list-type', ['atomic', 'set', 'map'], '');
    node.mapType = this.#oneOf(raw, path, 'x-kubernetes-map-type', ['atomic', 'granular'], '');
    node.listMapKeys = this.#strings(raw, path, 'x-kubernetes-list-map-keys');
    node.rules = this.#rules(raw, path);
    node.properties = this.#properties(raw, path, 'field', depth);
    const additional = raw['additionalProperties'];
    if (typeof additional === 'boolean') node.additionalProperties = additional;
    else if (additional !== undefined)
      node.additionalProperties = this.read(additional, join(path, 'additionalProperties'), 'field', depth + 1);
    if (raw['items'] !== undefined) node.items = this.read(raw['items'], join(path, 'items'), 'item', depth + 1);
    return node;
  }

  #valueValidation(node: SchemaNode, raw: JsonObject, path: string, level: Level, depth: number): void {
    if (level === 'nested') {
      node.properties = this.#properties(raw, path, 'nested', depth);
      if (raw['items'] !== undefined) node.items = this.read(raw['items'], join(path, 'items'), 'nested', depth + 1);
    }
    node.required = this.#strings(raw, path, 'required');
    if (Array.isArray(raw['enum'])) node.enumeration = raw['enum'];
    if (typeof raw['format'] === 'string') node.format = raw['format'];
    node.formatCheck = formatCheck(node.format);
    node.pattern = this.#pattern(raw, path);
    for (const keyword of ['minimum', 'maximum', 'multipleOf'] as const) node[keyword] = this.#number(raw, path, keyword);
    for (const keyword of ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'] as const) {
      node[keyword] = this.#number(raw, path, keyword);
    }
    node.exclusiveMinimum = raw['exclusiveMinimum'] === true;
    node.exclusiveMaximum = raw['exclusiveMaximum'] === true;
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) node[keyword] = this.#junctor(raw, path, keyword, depth);
    if (raw['not'] !== undefined) node.not = this.read(raw['not'], join(path, 'not'), 'nested', depth + 1);
  }

  #properties(raw: JsonObject, path: string, level: Level, depth: number): ReadonlyMap<string, SchemaNode> {
    const properties = new Map<string, SchemaNode>();
    const source = raw['properties'];
    if (source === undefined) return properties;
    if (!isObject(source)) {
      this.#error(path, 'properties', 'Invalid', source, 'must be an object');
      return properties;
    }
    for (const [name, schema] of Object.entries(source)) {
      const child = `${join(path, 'properties')}[${name}]`;
      if (name === '__proto__') this.#errors.push(fieldError(child, 'Forbidden', undefined, '__proto__ cannot be a property name here'));
      else properties.set(name, this.read(schema, child, level, depth + 1));
    }
    return properties;
  }

  // Int-or-string is written with an anyOf of both types, the one place where a nested type is allowed.
  #junctor(raw: JsonObject, path: string, keyword: string, depth: number): SchemaNode[] {
    const list = raw[keyword];
    if (list === undefined) return [];
    if (!Array.isArray(list)) {
      this.#error(path, keyword, 'Invalid', list, 'must be an array');
      return [];
    }
    if (keyword === 'anyOf' && deepEqual(list, intOrStringAnyOf))
      return [
        { ...emptyNode(), type: 'integer' },
        { ...emptyNode(), type: 'string' },
      ];
    return list.map((schema, index) => this.read(schema, `${join(path, keyword)}[${index}]`, 'nested', depth + 1));
  }

  #checkNested(raw: JsonObject, path: string): void {
    for (const [keyword, wording] of forbiddenInNested) {
      const value = raw[keyword];
      const empty = value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0);
      if (!empty) this.#error(path, keyword, 'Forbidden', undefined, wording);
    }
    if (isObject(raw['properties']) && raw['properties']['metadata'] !== undefined) {
      this.#errors.push(
        fieldError(`${join(path, 'properties')}[metadata]`, 'Forbidden', undefined, 'must not be specified in a nested context'),
      );
    }
  }

  #checkSpine(node: SchemaNode, raw: JsonObject, path: string, level: Level): void {
    for (const keyword of unsupported) {
      if (raw[keyword] !== undefined) this.#error(path, keyword, 'Forbidden', undefined, `${keyword} is not supported`);
    }
    if (raw['uniqueItems'] === true) {
      const wording = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
      this.#error(path, 'uniqueItems', 'Forbidden', undefined, wording);
    }
    if (node.type === 'array' && node.items === undefined) this.#error(path, 'items', 'Required', undefined, 'must be specified');
    if (node.additionalProperties !== undefined && node.properties.size > 0) {
      this.#error(path, 'additionalProperties', 'Forbidden', undefined, 'additionalProperties and properties are mutual exclusive');
    }
    if (raw['type'] === undefined && raw['$ref'] === undefined) this.#checkMissingType(node, path, level);
    if (node.embeddedResource && node.type !== '' && node.type !== 'object') {
      this.#error(path, 'type', 'Invalid', node.type, 'must be object if x-kubernetes-embedded-resource is true');
    }
    this.#checkExtensions(node, path);
    this.#checkListType(node, path);
    if (level === 'root') this.#checkCompleteness(node, path);
    if (!this.#builtin && level === 'root') this.#checkRoot(node, raw, path);
  }

  #checkMissingType(node: SchemaNode, path: string, level: Level): void {
    if (node.embeddedResource) this.#error(path, 'type', 'Required', undefined, 'must be object if x-kubernetes-embedded-resource is true');
    else if (!node.intOrString && !node.preserveUnknownFields) {
      const place = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields', nested: '' }[level];
      this.#error(path, 'type', 'Required', undefined, `must not be empty ${place}`);
    }
  }

  #checkExtensions(node: SchemaNode, path: string): void {
    const wording = 'must be false if x-kubernetes-int-or-string is true';
    if (node.intOrString && node.preserveUnknownFields) this.#error(path, 'x-kubernetes-preserve-unknown-fields', 'Invalid', true, wording);
    if (node.intOrString && node.embeddedResource) this.#error(path, 'x-kubernetes-embedded-resource', 'Invalid', true, wording);
    if (!node.embeddedResource) return;
    if (node.additionalProperties !== undefined) {
      this.#error(path, 'additionalProperties', 'Forbidden', undefined, 'must not be used if x-kubernetes-embedded-resource is set');
    }
    if (!node.preserveUnknownFields && node.properties.size === 0) {
      const detail = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
      this.#error(path, 'properties', 'Required', undefined, detail);
    }
  }

  #checkListType(node: SchemaNode, path: string): void {
    if (node.listType !== '' && node.type !== 'array') {
      this.#error(path, 'type', 'Invalid', node.type, 'must be array if x-kubernetes-list-type is specified');
    }
    if (node.listMapKeys.length > 0 && node.listType !== 'map') {
      this.#error(path, 'x-kubernetes-list-type', 'Required', undefined, 'must be map if x-kubernetes-list-map-keys is non-empty');
    }
    if (node.listType !== 'map') return;
    if (node.listMapKeys.length === 0) {
      this.#error(path, 'x-kubernetes-list-map-keys', 'Required', undefined, 'must not be empty if x-kubernetes-list-type is map');
    }
    const items = node.items;
    if (items === undefined) return;
    const itemsPath = join(path, 'items');
    if (items.type !== 'object') {
      this.#error(itemsPath, 'type', 'Invalid', items.type, "must be object if parent array's x-kubernetes-list-type is map");
    }
    for (const key of node.listMapKeys) {
      const property = items.properties.get(key);
      if (property === undefined) {
        this.#error(path, 'x-kubernetes-list-map-keys', 'Invalid', node.listMapKeys, 'entries must all be names of item properties');
      } else if (property.nullable) {
        const detail = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
        this.#error(`${join(itemsPath, 'properties')}[${key}]`, 'nullable', 'Forbidden', undefined, detail);
      } else if (property.default === undefined && !items.required.includes(key)) {
        const detail = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
        this.#error(`${join(itemsPath, 'properties')}[${key}]`, 'default', 'Required', undefined, detail);
      }
    }
  }

  /** Every field that a value validation nested at the root names has to exist on the spine (complete.go; only there). */
  #checkCompleteness(node: SchemaNode, path: string): void {
    const visit = (nested: SchemaNode, spine: SchemaNode | undefined, nestedPath: string, spinePath: string): void => {
      for (const [name, child] of nested.properties) {
        const wanted = `${join(spinePath, 'properties')}[${name}]`;
        const from = `${join(nestedPath, 'properties')}[${name}]`;
        const found = spine?.properties.get(name);
        if (found === undefined) this.#errors.push(fieldError(wanted, 'Required', undefined, `because it is defined in ${from}`));
        else visit(child, found, from, wanted);
      }
      if (nested.items !== undefined) {
        const wanted = join(spinePath, 'items');
        const from = join(nestedPath, 'items');
        if (spine?.items === undefined) this.#errors.push(fieldError(wanted, 'Required', undefined, `because it is defined in ${from}`));
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

  #checkRoot(node: SchemaNode, raw: JsonObject, path: string): void {
    if (node.type !== '' && node.type !== 'object') this.#error(path, 'type', 'Invalid', node.type, 'must be object at the root');
    if (node.additionalProperties !== undefined)
      this.#error(path, 'additionalProperties', 'Forbidden', undefined, 'must not be used at the root');
    if (node.nullable) this.#error(path, 'nullable', 'Forbidden', undefined, 'nullable cannot be true at the root');
    if (node.default !== undefined) this.#error(path, 'default', 'Forbidden', undefined, 'must not be set at the root');
    for (const name of ['apiVersion', 'kind']) {
      const property = node.properties.get(name);
      if (property !== undefined && property.type !== 'string') {
        this.#error(`${join(path, 'properties')}[${name}]`, 'type', 'Invalid', property.type, 'must be string');
      }
    }
    this.#checkRootMetadata(raw, path);
  }

  #checkRootMetadata(raw: JsonObject, path: string): void {
    const metadata = isObject(raw['properties']) ? raw['properties']['metadata'] : undefined;
    if (!isObject(metadata)) return;
    const own = Object.keys(metadata).filter((keyword) => !['type', 'properties', 'description'].includes(keyword));
    const names = isObject(metadata['properties']) ? Object.keys(metadata['properties']) : [];
    if (own.length === 0 && names.every((name) => name === 'name' || name === 'generateName')) return;
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    this.#errors.push(fieldError(`${join(path, 'properties')}[metadata]`, 'Forbidden', undefined, detail));
  }

  #rules(raw: JsonObject, path: string): ValidationRule[] {
    const list = raw['x-kubernetes-validations'];
    if (list === undefined) return [];
    if (!Array.isArray(list)) {
      this.#error(path, 'x-kubernetes-validations', 'Invalid', list, 'must be an array');
      return [];
    }
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return list.map((entry, index) => {
      const at = `${join(path, 'x-kubernetes-validations')}[${index}]`;
      const source = isObject(entry) ? entry : {};
      const rule: ValidationRule = {
        rule: text(source['rule']).trim(),
        message: text(source['message']).trim(),
        messageExpression: text(source['messageExpression']).trim(),
        reason: text(source['reason']),
        fieldPath: text(source['fieldPath']).trim(),
        optionalOldSelf: source['optionalOldSelf'] === true,
      };
      this.#checkRule(rule, at);
      return rule;
    });
  }

  #checkRule(rule: ValidationRule, at: string): void {
    if (rule.rule === '') this.#error(at, 'rule', 'Required', undefined, 'rule is not specified');
    if (rule.message.includes('\n')) this.#error(at, 'message', 'Invalid', rule.message, 'must not contain line breaks');
    if (rule.rule.includes('\n') && rule.message === '') {
      this.#error(at, 'message', 'Required', undefined, 'message must be specified if rule contains line breaks');
    }
    const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
    if (rule.reason !== '' && !reasons.includes(rule.reason)) {
      this.#error(at, 'reason', 'NotSupported', rule.reason, `supported values: ${quoted(reasons)}`);
    }
  }

  #pattern(raw: JsonObject, path: string): SchemaNode['pattern'] {
    const source = raw['pattern'];
    if (typeof source !== 'string' || source === '') return undefined;
    try {
      return { source, compiled: compilePattern(source) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#error(path, 'pattern', 'Invalid', source, `must be a valid regular expression, but isn't: ${why}`);
      return undefined;
    }
  }

  #number(raw: JsonObject, path: string, keyword: string): number | undefined {
    const value = raw[keyword];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number') return value;
    this.#error(path, keyword, 'Invalid', value, 'must be a number');
    return undefined;
  }

  #strings(raw: JsonObject, path: string, keyword: string): string[] {
    const value = raw[keyword];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
    this.#error(path, keyword, 'Invalid', value, 'must be an array of strings');
    return [];
  }

  #oneOf<T extends string>(raw: JsonObject, path: string, keyword: string, allowed: readonly T[], absent: ''): T | '' {
    const value = raw[keyword];
    if (value === undefined || value === null) return absent;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.#error(path, keyword, 'NotSupported', value, `supported values: ${quoted(allowed)}`);
    return found ?? absent;
  }

  #refuse(path: string, value: unknown, detail: string): SchemaNode {
    this.#errors.push(fieldError(path, 'Invalid', value, detail));
    return emptyNode();
  }

  #error(path: string, child: string, type: FieldError['type'], value: unknown, detail: string): void {
    this.#errors.push(fieldError(join(path, child), type, value, detail));
  }
}

function join(path: string, child: string): string {
  return path === '' ? child : `${path}.${child}`;
}

function quoted(values: Iterable<unknown>): string {
  return [...values].map((value) => JSON.stringify(value)).join(', ');
}

function emptyNode(): SchemaNode {
  return {
    type: '',
    nullable: false,
    default: undefined,
    properties: new Map(),
    additionalProperties: undefined,
    items: undefined,
    preserveUnknownFields: false,
    intOrString: false,
    embeddedResource: false,
    listType: '',
    listMapKeys: [],
    mapType: '',
    rules: [],
    required: [],
    enumeration: undefined,
    format: '',
    formatCheck: undefined,
    pattern: undefined,
    minimum: undefined,
    maximum: undefined,
    exclusiveMinimum: false,
    exclusiveMaximum: false,
    multipleOf: undefined,
    minLength: undefined,
    maxLength: undefined,
    minItems: undefined,
    maxItems: undefined,
    minProperties: undefined,
    maxProperties: undefined,
    allOf: [],
    anyOf: [],
    oneOf: [],
    not: undefined,
  };
}
