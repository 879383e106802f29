import { Budget, expressionBudget, requestBudget } from '../cel/frame.ts';
import { CelBudgetExceeded, CelEvaluationError } from '../cel/errors.ts';
import { compile, type Program } from '../cel/compile.ts';
import { converterFor } from '../cel/json-conversion.ts';
import { optional, type CelType } from '../cel/types.ts';
import { Optional, none } from '../cel/values.ts';
import { celTypeOf, escapeName } from './cel-types.ts';
import type { FieldError, FieldErrorType } from './field-error.ts';
import { fieldError } from './field-error.ts';
import type { PathSegment } from './field-path.ts';
import { pathText } from './field-path.ts';
import { deepEqual, isObject } from './json.ts';
import { relativeFieldPath } from './rule-field-path.ts';
import type { SchemaNode, ValidationRule } from './schema-node.ts';
import { listMapKey, maxReportedErrors } from './value-validation.ts';

/** The rules at one place of a schema, and the places below it that have rules. */
interface RuleNode {
  readonly schema: SchemaNode;
  readonly rules: readonly CompiledRule[];
  readonly toCel: (value: unknown) => unknown;
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additionalProperties: RuleNode | undefined;
  readonly items: RuleNode | undefined;
  /** Whether a rule here or below reads oldSelf: it runs even where nothing changed. */
  readonly hasTransitionRule: boolean;
}

interface CompiledRule {
  readonly source: ValidationRule;
  readonly program: Program;
  readonly message: Program | undefined;
  readonly usesOldSelf: boolean;
  readonly fieldPath: readonly PathSegment[];
}

const errorTypes: Readonly<Record<string, FieldErrorType>> = {
  FieldValueForbidden: 'Forbidden',
  FieldValueRequired: 'Required',
  FieldValueDuplicate: 'Duplicate',
};
/** Longest text that a messageExpression may give (`MaxEvaluatedMessageExpressionSizeBytes`). */
const maxMessageBytes = 5 * 1024;

/**
 * The compiled `x-kubernetes-validations` of a schema (KEP-2876). Semantics follow apiextensions `schema/cel/validation.go`.
 */
export class CelRules {
  readonly #root: RuleNode | undefined;

  /** Compiles all rules; those that do not compile are appended to `errors`. */
  constructor(schema: SchemaNode, errors: FieldError[]) {
    const type = celTypeOf(schema, true, 'object');
    this.#root = type === undefined ? undefined : compileNode(schema, type, { path: '', uncorrelatable: undefined, errors });
  }

  /** Whether there is any rule. */
  get any(): boolean {
    return this.#root !== undefined;
  }

  /**
   * Evaluates the rules on a valid object. Transition rules (those that read oldSelf) run only where there is an old value
   * to compare with; other rules are not run again on parts that did not change (ratcheting, KEP-4008).
   */
  validate(object: unknown, old: unknown): FieldError[] {
    if (this.#root === undefined) return [];
    const run = new RuleRun();
    run.visit(this.#root, object, old, false);
    return run.errors;
  }
}

interface Place {
  readonly path: string;
  /** The list within which entries have no identity, so that there is no oldSelf. */
  readonly uncorrelatable: string | undefined;
  readonly errors: FieldError[];
}

function compileNode(schema: SchemaNode, type: CelType, place: Place): RuleNode | undefined {
  const at = (child: string): Place => ({ ...place, path: place.path === '' ? child : `${place.path}.${child}` });
  const rules = schema.rules.flatMap((rule, i) => compileRule(rule, schema, type, at(`x-kubernetes-validations[${i}]`)) ?? []);

  const properties = new Map<string, RuleNode>();
  for (const [name, child] of schema.properties) {
    const field = escapeName(name);
    const childType =
      type.kind === 'object' && field !== undefined ? type.fields.get(field)?.type : celTypeOf(child, child.embeddedResource, name);
    const node = childType && compileNode(child, childType, at(`properties[${name}]`));
    if (node !== undefined) properties.set(name, node);
  }
  const { additionalProperties: additional } = schema;
  const additionalProperties =
    typeof additional === 'object' && type.kind === 'map' ? compileNode(additional, type.value, at('additionalProperties')) : undefined;
  const items = schema.items && type.kind === 'list' ? compileNode(schema.items, type.element, itemsPlace(schema, at('items'))) : undefined;

  const children = [...properties.values(), additionalProperties, items].filter((node) => node !== undefined);
  if (rules.length === 0 && children.length === 0) return undefined;
  const hasTransitionRule = rules.some((rule) => rule.usesOldSelf) || children.some((node) => node.hasTransitionRule);
  return { schema, rules, toCel: converterFor(type), properties, additionalProperties, items, hasTransitionRule };
}

function itemsPlace(schema: SchemaNode, place: Place): Place {
  return schema.listType === 'map' ? place : { ...place, uncorrelatable: place.uncorrelatable ?? place.path.replace(/\.?items$/, '') };
}

function compileRule(rule: ValidationRule, schema: SchemaNode, type: CelType, place: Place): CompiledRule | undefined {
  if (rule.rule === '') return undefined;
  const oldType = rule.optionalOldSelf ? optional(type) : type;
  const variables = [['self', type] as const, ['oldSelf', oldType] as const];
  const refuse = (child: string, value: unknown, detail: string): undefined => {
    place.errors.push(fieldError(`${place.path}.${child}`, 'Invalid', value, detail));
    return undefined;
  };
  const program = compileOrRefuse(rule.rule, variables, (why) => refuse('rule', rule, `compilation failed: ${why}`));
  if (program === undefined) return undefined;
  if (program.type.kind !== 'bool') return refuse('rule', rule, 'cel expression must evaluate to a bool');
  const usesOldSelf = program.uses.has('oldSelf');
  if (usesOldSelf && place.uncorrelatable !== undefined) {
    return refuse('rule', rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`);
  }
  if (rule.optionalOldSelf && !usesOldSelf) return refuse('optionalOldSelf', true, 'may not be set if oldSelf is not used in rule');

  let message: Program | undefined;
  if (rule.messageExpression !== '') {
    message = compileOrRefuse(rule.messageExpression, variables, (why) =>
      refuse('messageExpression', rule, `messageExpression compilation failed: ${why}`),
    );
    if (message === undefined) return undefined;
    if (message.type.kind !== 'string') return refuse('messageExpression', rule, 'messageExpression must evaluate to a string');
  }
  const fieldPath = rule.fieldPath === '' ? [] : relativeFieldPath(rule.fieldPath, schema);
  if (fieldPath === undefined) return refuse('fieldPath', rule.fieldPath, 'must be a valid path');
  return { source: rule, program, message, usesOldSelf, fieldPath };
}

function compileOrRefuse(
  expression: string,
  variables: readonly (readonly [string, CelType])[],
  refuse: (why: string) => undefined,
): Program | undefined {
  try {
    return compile(expression, variables);
  } catch (cause) {
    return refuse(cause instanceof Error ? cause.message : String(cause));
  }
}

/** One walk over one object. */
class RuleRun {
  readonly errors: FieldError[] = [];
  readonly #path: PathSegment[] = [];
  readonly #budget = new Budget(requestBudget);
  #exhausted = false;

  visit(node: RuleNode, value: unknown, old: unknown, parentUnchanged: boolean): void {
    if (value === null || value === undefined || this.#exhausted || this.errors.length >= maxReportedErrors) return;
    const hasOld = old !== undefined && old !== null;
    const unchanged = parentUnchanged || (hasOld && deepEqual(value, old));
    if (unchanged && !node.hasTransitionRule) return;
    this.#rules(node, value, hasOld ? old : undefined, unchanged);
    if (Array.isArray(value)) this.#array(node, value, old, unchanged);
    else if (isObject(value)) this.#object(node, value, old, unchanged);
  }

  #array(node: RuleNode, list: readonly unknown[], old: unknown, unchanged: boolean): void {
    const { items, schema } = node;
    if (items === undefined) return;
    const oldByKey = new Map<string, unknown>();
    if (schema.listType === 'map' && Array.isArray(old)) for (const item of old) oldByKey.set(listMapKey(item, schema), item);
    for (let i = 0; i < list.length; i++) {
      const oldItem = oldByKey.size === 0 ? undefined : oldByKey.get(listMapKey(list[i], schema));
      this.#descend(items, i, list[i], oldItem, unchanged);
    }
  }

  #object(node: RuleNode, object: Record<string, unknown>, old: unknown, unchanged: boolean): void {
    const oldObject = isObject(old) ? old : undefined;
    const oldOf = (key: string): unknown => (oldObject !== undefined && Object.hasOwn(oldObject, key) ? oldObject[key] : undefined);
    for (const [name, child] of node.properties) {
      if (Object.hasOwn(object, name)) this.#descend(child, name, object[name], oldOf(name), unchanged);
    }
    const { additionalProperties } = node;
    if (additionalProperties === undefined) return;
    for (const key in object) this.#descend(additionalProperties, `[${key}]`, object[key], oldOf(key), unchanged);
  }

  #descend(node: RuleNode, step: PathSegment, value: unknown, old: unknown, unchanged: boolean): void {
    this.#path.push(step);
    this.visit(node, value, old, unchanged);
    this.#path.pop();
  }

  #rules(node: RuleNode, value: unknown, old: unknown, unchanged: boolean): void {
    let self: unknown;
    let oldSelf: unknown;
    let converted = false;
    for (const rule of node.rules) {
      if (unchanged && !rule.usesOldSelf) continue;
      if (rule.usesOldSelf && old === undefined && !rule.source.optionalOldSelf) continue;
      if (!converted) {
        self = node.toCel(value);
        oldSelf = old === undefined ? undefined : node.toCel(old);
        converted = true;
      }
      const given = rule.source.optionalOldSelf ? (old === undefined ? none : new Optional(true, oldSelf)) : oldSelf;
      this.#evaluate(rule, node.schema, [self, given]);
      if (this.#exhausted) return;
    }
  }

  #evaluate(rule: CompiledRule, schema: SchemaNode, values: readonly unknown[]): void {
    const { source } = rule;
    const shown = source.message === '' ? source.rule : source.message;
    try {
      if (this.#run(rule.program, values) === true) return;
    } catch (cause) {
      this.#add('Invalid', schema, failure(cause, shown));
      this.#exhausted ||= cause instanceof CelBudgetExceeded;
      return;
    }
    const fallback = source.message === '' ? `failed rule: ${source.rule}` : source.message;
    const detail = rule.message === undefined ? fallback : this.#message(rule.message, values, fallback);
    this.#path.push(...rule.fieldPath);
    this.#add(errorTypes[source.reason] ?? 'Invalid', schema, detail);
    this.#path.length -= rule.fieldPath.length;
  }

  // A messageExpression that fails, or gives nothing usable, leaves the rule refused with its plain message.
  #message(program: Program, values: readonly unknown[], fallback: string): string {
    try {
      const text = this.#run(program, values);
      const trimmed = typeof text === 'string' ? text.trim() : '';
      const usable = trimmed !== '' && !trimmed.includes('\n') && Buffer.byteLength(trimmed) <= maxMessageBytes;
      return usable ? trimmed : fallback;
    } catch (cause) {
      if (!(cause instanceof CelEvaluationError || cause instanceof CelBudgetExceeded)) throw cause;
      return fallback;
    }
  }

  #run(program: Program, values: readonly unknown[]): unknown {
    const allowed = Math.min(expressionBudget, this.#budget.left);
    const own = new Budget(allowed);
    try {
      return program.evaluate(values, own);
    } finally {
      this.#budget.spend(Math.min(allowed - own.left, this.#budget.left));
    }
  }

  #add(type: FieldErrorType, schema: SchemaNode, detail: string): void {
    this.errors.push(fieldError(pathText(this.#path), type, schema.type, detail));
  }
}

function failure(cause: unknown, rule: string): string {
  if (cause instanceof CelBudgetExceeded) {
    return `'${cause.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`;
  }
  if (!(cause instanceof CelEvaluationError)) throw cause;
  if (cause.message.startsWith('no such overload')) {
    return `'${cause.message}': call arguments did not match a supported operator, function or macro signature for rule: ${rule}`;
  }
  return `${cause.message} evaluating rule: ${rule}`;
}
