import type { Program } from '../cel/compile.ts';
import { compile } from '../cel/compile.ts';
import { CelBudgetExceeded, CelEvaluationError } from '../cel/errors.ts';
import type { CelType, ObjectField } from '../cel/types.ts';
import type { Budget } from '../cel/frame.ts';
import type { FieldError } from '../schema/field-error.ts';
import { fieldError } from '../schema/field-error.ts';
import { isObject, type JsonObject } from '../schema/json.ts';
import { readMatchResources, type RequestMatcher } from './match-resources.ts';
import { policyVariables } from './policy-environment.ts';

/** A validation that did not hold, or an expression that failed. */
export interface Refusal {
  readonly message: string;
  /** A StatusReason: Invalid unless the validation names another. */
  readonly reason: string;
}

/** A compiled ValidatingAdmissionPolicy. */
export interface AdmissionPolicy {
  readonly name: string;
  readonly matches: RequestMatcher;
  /** Evaluates the policy on a request that it matches, given as its `policyValues`. Empty if it has nothing against it. */
  refusals(given: readonly unknown[], budget: Budget): Refusal[];
}

interface Condition {
  readonly name: string;
  readonly program: Program;
}

interface Validation {
  readonly expression: string;
  readonly program: Program;
  readonly message: string;
  readonly messageProgram: Program | undefined;
  readonly reason: string;
}

interface Variable {
  readonly name: string;
  readonly program: Program;
}

const maxMessageBytes = 5 * 1024;
const maxEntries = 64;
// api/validation: supportedValidationPolicyReason
const reasons: ReadonlySet<string> = new Set(['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized']);

/**
 * Compiles a ValidatingAdmissionPolicy (KEP-3488). Not supported, and refused by name: `paramKind`, and expressions that
 * use `authorizer` or `params`. Audit annotations are not evaluated: this server has no audit log.
 *
 * A policy with faults still matches, and then refuses or lets pass as its failurePolicy says.
 */
export function compileAdmissionPolicy(raw: object, errors: FieldError[]): AdmissionPolicy {
  const before = errors.length;
  const source = raw as JsonObject;
  const metadata = source['metadata'];
  const name = isObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : '';
  const spec = isObject(source['spec']) ? source['spec'] : {};
  const matches = readMatchResources(spec['matchConstraints'], 'spec.matchConstraints', true, errors);
  const ignoreFailures = spec['failurePolicy'] === 'Ignore';
  if (!['Fail', 'Ignore', undefined, null].includes(spec['failurePolicy'] as string)) {
    errors.push(fieldError('spec.failurePolicy', 'NotSupported', spec['failurePolicy'], 'supported values: "Fail", "Ignore"'));
  }
  if (spec['paramKind'] !== undefined && spec['paramKind'] !== null) {
    errors.push(fieldError('spec.paramKind', 'Forbidden', undefined, 'parameter resources are not supported by this server'));
  }
  const expressions = new PolicyExpressions(errors);
  const variables = expressions.variables(spec['variables']);
  const conditions = expressions.conditions(spec['matchConditions']);
  const validations = expressions.validations(spec['validations']);
  if (errors.length > before) {
    const message = `failed to configure policy: ${errors
      .slice(before)
      .map((error) => `${error.field}: ${error.message}`)
      .join('; ')}`;
    return { name, matches, refusals: () => (ignoreFailures ? [] : [{ message, reason: 'Invalid' }]) };
  }
  const evaluation = new PolicyEvaluation(variables, conditions, validations, ignoreFailures);
  return { name, matches, refusals: (given, budget) => evaluation.refusals(given, budget) };
}

/** Compiles the expressions of one policy; a variable may use those before it. */
class PolicyExpressions {
  readonly #errors: FieldError[];
  readonly #fields = new Map<string, ObjectField>();

  constructor(errors: FieldError[]) {
    this.#errors = errors;
  }

  variables(raw: unknown): Variable[] {
    return this.#entries(raw, 'spec.variables').flatMap(([entry, path]) => {
      const name = text(entry['name']);
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
        this.#errors.push(fieldError(`${path}.name`, 'Invalid', name, 'name is not a valid CEL identifier'));
      if (this.#fields.has(name)) this.#errors.push(fieldError(`${path}.name`, 'Duplicate', name, ''));
      const program = this.#compile(entry, path, 'expression', undefined);
      if (program === undefined) return [];
      this.#fields.set(name, { property: name, type: program.type, keepsNull: true });
      return [{ name, program }];
    });
  }

  conditions(raw: unknown): Condition[] {
    return this.#entries(raw, 'spec.matchConditions').flatMap(([entry, path]) => {
      const program = this.#compile(entry, path, 'expression', 'bool');
      return program === undefined ? [] : [{ name: text(entry['name']), program }];
    });
  }

  validations(raw: unknown): Validation[] {
    const entries = this.#entries(raw, 'spec.validations');
    if (entries.length === 0) {
      this.#errors.push(fieldError('spec.validations', 'Required', undefined, 'validations or auditAnnotations must be present'));
    }
    return entries.flatMap(([entry, path]) => {
      const program = this.#compile(entry, path, 'expression', 'bool');
      const messageProgram =
        text(entry['messageExpression']) === '' ? undefined : this.#compile(entry, path, 'messageExpression', 'string');
      const reason = text(entry['reason']) || 'Invalid';
      if (!reasons.has(reason)) {
        const supported = [...reasons].map((each) => JSON.stringify(each)).join(', ');
        this.#errors.push(fieldError(`${path}.reason`, 'NotSupported', reason, `supported values: ${supported}`));
      }
      if (program === undefined) return [];
      return [{ expression: text(entry['expression']).trim(), program, message: text(entry['message']).trim(), messageProgram, reason }];
    });
  }

  #entries(raw: unknown, path: string): [JsonObject, string][] {
    if (raw === undefined || raw === null) return [];
    if (!Array.isArray(raw)) {
      this.#errors.push(fieldError(path, 'Invalid', raw, 'must be an array'));
      return [];
    }
    if (raw.length > maxEntries) this.#errors.push(fieldError(path, 'TooMany', raw.length, `must have at most ${maxEntries} items`));
    return raw.slice(0, maxEntries).map((entry, i) => [isObject(entry) ? entry : {}, `${path}[${i}]`]);
  }

  #compile(entry: JsonObject, path: string, member: string, wanted: CelType['kind'] | undefined): Program | undefined {
    const expression = text(entry[member]).trim();
    const field = `${path}.${member}`;
    if (expression === '') {
      this.#errors.push(fieldError(field, 'Required', undefined, `${member} is not specified`));
      return undefined;
    }
    try {
      const program = compile(expression, policyVariables({ kind: 'object', name: 'kubernetes.variables', fields: this.#fields }));
      if (wanted === undefined || program.type.kind === wanted) return program;
      this.#errors.push(fieldError(field, 'Invalid', expression, `must evaluate to ${wanted} but got ${program.type.kind}`));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#errors.push(fieldError(field, 'Invalid', expression, `compilation failed: ${why}${unsupported(why)}`));
    }
    return undefined;
  }
}

function unsupported(why: string): string {
  if (why.includes("'authorizer'")) return '; the authorizer is not supported by this server: decide by request.userInfo instead';
  if (why.includes("'params'")) return '; parameters are not supported by this server';
  return '';
}

class PolicyEvaluation {
  readonly #variables: readonly Variable[];
  readonly #conditions: readonly Condition[];
  readonly #validations: readonly Validation[];
  readonly #ignoreFailures: boolean;

  constructor(
    variables: readonly Variable[],
    conditions: readonly Condition[],
    validations: readonly Validation[],
    ignoreFailures: boolean,
  ) {
    this.#variables = variables;
    this.#conditions = conditions;
    this.#validations = validations;
    this.#ignoreFailures = ignoreFailures;
  }

  refusals(given: readonly unknown[], budget: Budget): Refusal[] {
    const values = [...given, lazyVariables(this.#variables, given, budget)];
    const met = this.#conditionsMet(values, budget);
    if (met !== true) return met === false || this.#ignoreFailures ? [] : [{ message: met, reason: 'Invalid' }];
    return this.#validations.flatMap((validation) => this.#refusal(validation, values, budget) ?? []);
  }

  // admission/plugin/webhook/matchconditions: one that is false decides, even if another fails.
  #conditionsMet(values: readonly unknown[], budget: Budget): boolean | string {
    let failure: string | undefined;
    for (const { name, program } of this.#conditions) {
      try {
        if (program.evaluate(values, budget) !== true) return false;
      } catch (cause) {
        failure ??= `match condition '${name}' failed: ${evaluationFailure(cause)}`;
      }
    }
    return failure ?? true;
  }

  #refusal(validation: Validation, values: readonly unknown[], budget: Budget): Refusal | undefined {
    try {
      if (validation.program.evaluate(values, budget) === true) return undefined;
    } catch (cause) {
      const message = `expression '${validation.expression}' resulted in error: ${evaluationFailure(cause)}`;
      return this.#ignoreFailures ? undefined : { message, reason: 'Invalid' };
    }
    const plain = validation.message === '' ? `failed expression: ${validation.expression}` : validation.message;
    return { message: evaluatedMessage(validation.messageProgram, values, budget) ?? plain, reason: validation.reason };
  }
}

/**
 * The object behind `variables`: each is evaluated when first read, at most once, and may read those declared before it.
 */
function lazyVariables(variables: readonly Variable[], given: readonly unknown[], budget: Budget): object {
  const holder: JsonObject = {};
  const values = [...given, holder];
  for (const { name, program } of variables) {
    let result: { value: unknown } | { failure: unknown } | undefined;
    const read = (): unknown => {
      result ??= attempt(() => program.evaluate(values, budget));
      if ('failure' in result) throw result.failure;
      return result.value;
    };
    Object.defineProperty(holder, name, { enumerable: true, get: read });
  }
  return holder;
}

function attempt(run: () => unknown): { value: unknown } | { failure: unknown } {
  try {
    return { value: run() };
  } catch (failure) {
    return { failure };
  }
}

function evaluatedMessage(program: Program | undefined, values: readonly unknown[], budget: Budget): string | undefined {
  if (program === undefined) return undefined;
  try {
    const result = program.evaluate(values, budget);
    const message = typeof result === 'string' ? result.trim() : '';
    return message === '' || message.includes('\n') || Buffer.byteLength(message) > maxMessageBytes ? undefined : message;
  } catch (cause) {
    evaluationFailure(cause);
    return undefined;
  }
}

/** What to say of a failed evaluation. Anything else that was thrown goes on. */
function evaluationFailure(cause: unknown): string {
  if (cause instanceof CelEvaluationError || cause instanceof CelBudgetExceeded) return cause.message;
  if (cause instanceof RangeError) return 'object is nested too deeply';
  throw cause;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
