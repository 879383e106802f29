import type { FieldError } from './field-error.ts';
import { fieldError } from './field-error.ts';
import { formatCheck } from './formats.ts';
import { deepEqual, isObject, type JsonObject } from './json.ts';
import { compilePattern } from './pattern.ts';
import { checkNested, checkRoot, checkSpine, join, quoted, type Level, type Report } from './structural-invariants.ts';
import type { JsonType, SchemaNode, ValidationRule } from './schema-node.ts';

/** Limits of one schema. Kubernetes bounds a CRD by the request size (about 1.5 MiB); these bound the walk as well. */
export const schemaLimits = { depth: 64, nodes: 20_000 } as const;

const types: ReadonlySet<unknown> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);
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
  readonly #report: Report = (field, type, value, detail) => this.#errors.push(fieldError(field, type, value, detail));
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
    if (level === 'nested') checkNested(this.#report, raw, path);
    else checkSpine(this.#report, node, raw, path, level);
    if (level === 'root' && !this.#builtin) checkRoot(this.#report, node, raw, path);
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
