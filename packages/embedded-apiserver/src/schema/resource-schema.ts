import { CelRules } from './cel-rules.ts';
import { applyDefaults } from './defaulting.ts';
import { checkDefaults } from './default-validation.ts';
import { embeddedResourceErrors, hasEmbeddedResource } from './embedded-resources.ts';
import type { FieldError, FieldErrorType } from './field-error.ts';
import { InvalidSchema, fieldError } from './field-error.ts';
import { isObject, type JsonObject } from './json.ts';
import { duplicateListEntries, hasListTypes } from './list-types.ts';
import { prune } from './pruning.ts';
import type { SchemaNode } from './schema-node.ts';
import { readStructuralSchema } from './structural-schema.ts';
import { ValueValidation, noOldValue } from './value-validation.ts';

/** What a write does with members that the schema does not know (`?fieldValidation=`). */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** The circumstances of one write. */
export interface PrepareContext {
  /** The stored object, on update and patch. */
  old?: object;
  /** On the status subresource only `status` is checked against the schema; rules run on the whole object. */
  subresource?: 'status';
  fieldValidation: FieldValidation;
}

/** A write made ready: what to store, what is wrong with it, what to warn of. */
export interface Prepared {
  /** Pruned and defaulted. Unchanged parts are shared with the input; the input itself is never changed. */
  object: object;
  /** Nothing may be stored unless this is empty. */
  errors: FieldError[];
  /** Texts for `Warning` headers. */
  warnings: string[];
}

/** A compiled schema of one version of one kind. */
export interface ResourceSchema {
  /** Prunes, defaults and validates one object. Pure; never throws for a bad object. */
  prepare(object: object, context: PrepareContext): Prepared;
}

/** Options of {@link compileResourceSchema}. */
export interface ResourceSchemaOptions {
  /** A schema of the server itself: it may describe metadata. Default false. */
  builtin?: boolean;
}

// customresource/strategy.go, hasBlockingErr: after these, rules could fail for reasons that are no news.
const blocking: ReadonlySet<FieldErrorType> = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);
const rulesNotChecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
const maxUnknownFields = 100;

/**
 * Compiles the `openAPIV3Schema` of a CRD version: structural schema, value validations, defaults, list types and
 * `x-kubernetes-validations`, with the semantics of apiextensions-apiserver 1.34.
 * @throws InvalidSchema naming everything that is not structural, and every rule that does not compile
 */
export function compileResourceSchema(openAPIV3Schema: object, options: ResourceSchemaOptions = {}): ResourceSchema {
  const errors: FieldError[] = [];
  const schema = readStructuralSchema(openAPIV3Schema, errors, options.builtin === true);
  if (errors.length > 0) throw new InvalidSchema(errors);
  const rules = new CelRules(schema, errors);
  checkDefaults(schema, errors);
  if (errors.length > 0) throw new InvalidSchema(errors);
  return new CompiledResourceSchema(schema, rules);
}

class CompiledResourceSchema implements ResourceSchema {
  readonly #schema: SchemaNode;
  readonly #rules: CelRules;
  readonly #hasListTypes: boolean;
  readonly #hasEmbedded: boolean;

  constructor(schema: SchemaNode, rules: CelRules) {
    this.#schema = schema;
    this.#rules = rules;
    this.#hasListTypes = hasListTypes(schema);
    this.#hasEmbedded = hasEmbeddedResource(schema);
  }

  prepare(input: object, context: PrepareContext): Prepared {
    try {
      return this.#prepare(input as JsonObject, context);
    } catch (cause) {
      // The walks recurse; JSON that is nested beyond the stack is refused, not a crash.
      if (!(cause instanceof RangeError)) throw cause;
      return { object: input, errors: [fieldError('', 'Invalid', '', 'is nested too deeply')], warnings: [] };
    }
  }

  #prepare(input: JsonObject, context: PrepareContext): Prepared {
    const unknown: string[] = [];
    const object = applyDefaults(prune(input, this.#schema, unknown), this.#schema);
    if (unknown.length > 0 && context.fieldValidation === 'Strict')
      return { object, errors: unknown.slice(0, maxUnknownFields).map(unknownField), warnings: [] };
    const warnings = context.fieldValidation === 'Warn' ? unknown.slice(0, maxUnknownFields).map((path) => `unknown field "${path}"`) : [];
    return { object, errors: this.#validate(object, context), warnings };
  }

  #validate(object: JsonObject, { old, subresource }: PrepareContext): FieldError[] {
    const oldObject = isObject(old) ? old : undefined;
    const errors = this.#valueErrors(object, oldObject, subresource === 'status');
    if (this.#hasEmbedded) errors.push(...embeddedResourceErrors(object, this.#schema));
    if (this.#hasListTypes) errors.push(...this.#listErrors(object, oldObject));
    if (!this.#rules.any) return errors;
    if (errors.some((error) => blocking.has(error.type))) errors.push(fieldError('', 'Invalid', null, rulesNotChecked));
    else errors.push(...this.#rules.validate(object, oldObject));
    return errors;
  }

  #valueErrors(object: JsonObject, old: JsonObject | undefined, onlyStatus: boolean): FieldError[] {
    const status = this.#schema.properties.get('status');
    if (!onlyStatus || status === undefined) {
      const validation = new ValueValidation([]);
      if (!onlyStatus) validation.check(object, old ?? noOldValue, this.#schema);
      return validation.errors;
    }
    const validation = new ValueValidation(['status']);
    const oldStatus = old !== undefined && Object.hasOwn(old, 'status') ? old['status'] : noOldValue;
    if (Object.hasOwn(object, 'status')) validation.check(object['status'], oldStatus, status);
    return validation.errors;
  }

  // Ratcheting: lists that already held duplicates do not block an update (customresource/strategy.go).
  #listErrors(object: JsonObject, old: JsonObject | undefined): FieldError[] {
    const errors = duplicateListEntries(object, this.#schema);
    if (errors.length === 0 || old === undefined) return errors;
    return duplicateListEntries(old, this.#schema).length === 0 ? errors : [];
  }
}

function unknownField(path: string): FieldError {
  return { field: path, type: 'Forbidden', message: `unknown field "${path}"`, unknownField: true };
}
