import { CelCompileError, CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Budget } from './frame.ts';
import { expandMacro } from './macros.ts';
import type { Implementation, Overload } from './overload.ts';
import { expressionLimits, parse, type Node } from './parse.ts';
import { standardLibrary } from './library.ts';
import type { Bindings, CelType, ListIdentity, ObjectField } from './types.ts';
import {
  bool,
  bytes,
  double,
  dyn,
  int,
  isAssignable,
  isDynamic,
  join,
  list,
  map,
  nullType,
  optional,
  string,
  substitute,
  typeName,
  typeType,
  uint,
} from './types.ts';
import { parseGoDuration } from './duration.ts';
import { comparisonOf, merge } from './list-identity.ts';
import { patternOf } from './regular-expressions.ts';
import { parseTimestamp } from './timestamp.ts';
import { Duration, Optional, TypeValue, Uint, isInt, kindOf, mapGet, mapKey, none, requireBool, toDouble, toInt } from './values.ts';

/*
 * Why not the evaluator of @marcbachmann/cel-js or @bufbuild/cel (tried: 8.0.0 and 0.6.1)? The first fixes `matches` to V8's
 * backtracking engine and refuses to override it, counts UTF-16 units where CEL counts code points, has no budget for
 * loops, and lacks charAt, replace, format, sets and the list functions of Kubernetes. The second has neither optionals
 * nor a checker that covers fields, and is six times slower. The parser of the first is good, and used.
 */

/** A compiled piece of an expression. */
export interface Code {
  readonly type: CelType;
  readonly run: (frame: Frame) => unknown;
  /** Set if the value does not depend on any variable. */
  readonly constant?: { readonly value: unknown };
  /** Nodes of the syntax tree it stands for: what one run of it costs. */
  readonly size: number;
}

/** A variable in scope: its type and the slot of its value. */
interface Binding {
  readonly type: CelType;
  readonly slot: number;
}

/** A compiled expression. */
export interface Program {
  readonly type: CelType;
  /** Names of the variables that it reads. */
  readonly uses: ReadonlySet<string>;
  /**
   * Evaluates it. Values in the order of the declared variables.
   * @throws CelEvaluationError, CelBudgetExceeded
   */
  evaluate(values: readonly unknown[], budget: Budget): unknown;
}

/**
 * Parses, checks and compiles an expression into closures.
 * @param variables what it may use, in the order in which `evaluate` takes their values
 * @throws CelCompileError with the message and the place, worded as cel-go
 */
export function compile(expression: string, variables: readonly (readonly [name: string, type: CelType])[]): Program {
  const compiler = new Compiler(expression, variables);
  try {
    return compiler.program();
  } catch (cause) {
    if (cause instanceof RangeError) throw new CelCompileError('expression is nested too deeply', expression, 0);
    throw cause;
  }
}

const typeIdentifiers: Readonly<Record<string, string>> = {
  bool: 'bool',
  int: 'int',
  uint: 'uint',
  double: 'double',
  string: 'string',
  bytes: 'bytes',
  list: 'list',
  map: 'map',
  null_type: 'null_type',
  type: 'type',
};

export class Compiler {
  readonly #expression: string;
  readonly #scope = new Map<string, Binding>();
  readonly #uses = new Set<string>();
  readonly #declared: ReadonlySet<string>;
  #slots = 0;
  #depth = 0;
  // Within the arguments of format, and only there, a list literal may mix types (cel-go ext/formatting.go).
  #mixedLiterals = false;

  constructor(expression: string, variables: readonly (readonly [name: string, type: CelType])[]) {
    this.#expression = expression;
    for (const [name, type] of variables) this.#scope.set(name, { type, slot: this.#slots++ });
    this.#declared = new Set(variables.map(([name]) => name));
  }

  program(): Program {
    const code = this.compile(parse(this.#expression));
    const empty = this.#slots - this.#declared.size;
    const padding = new Array<unknown>(empty).fill(undefined);
    const { run } = code;
    return {
      type: code.type,
      uses: this.#uses,
      evaluate: (values, budget) => {
        budget.spend(code.size);
        return run({ slots: empty === 0 ? (values as unknown[]) : [...values, ...padding], budget });
      },
    };
  }

  /** Compiles one node; macros call it for their parts. */
  compile(node: Node): Code {
    if (++this.#depth > expressionLimits.depth) throw this.error('expression is nested too deeply', node);
    const code = this.#dispatch(node);
    this.#depth--;
    return code;
  }

  error(message: string, node: Node): CelCompileError {
    return new CelCompileError(message, this.#expression, placeOf(node, this.#expression));
  }

  /** Compiles `body` with a further variable; a shadowed one comes back afterwards. */
  withVariable<T>(name: string, type: CelType, body: (slot: number) => T): T {
    const shadowed = this.#scope.get(name);
    const slot = this.#slots++;
    this.#scope.set(name, { type, slot });
    const result = body(slot);
    if (shadowed === undefined) this.#scope.delete(name);
    else this.#scope.set(name, shadowed);
    return result;
  }

  #dispatch(node: Node): Code {
    switch (node.op) {
      case 'value':
        return this.#literal(node, node.args);
      case 'id':
        return this.#identifier(node, node.args);
      case '.':
        return this.#select(node, node.args[0], node.args[1], false);
      case '.?':
        return this.#select(node, node.args[0], node.args[1], true);
      case '[]':
        return this.#index(node, '_[_]', node.args);
      case '[?]':
        return this.#index(node, '_[?_]', node.args);
      case 'call':
        return this.#call(node, node.args[0], node.args[1]);
      case 'rcall':
        return this.#method(node, node.args[0], node.args[1], node.args[2]);
      case 'list':
        return this.#list(node.args);
      case 'map':
        return this.#map(node.args);
      case '?:':
        return this.#conditional(node, node.args);
      case '&&':
      case '||':
        return this.#logic(node, node.args, node.op === '||');
      case '!_':
        return this.overloaded(node, '!_', [this.compile(node.args)]);
      case '-_':
        return this.#negate(node, node.args);
      default:
        return this.overloaded(node, node.op === 'in' ? '@in' : `_${node.op}_`, [this.compile(node.args[0]), this.compile(node.args[1])]);
    }
  }

  #literal(node: Node, value: unknown): Code {
    if (value === null) return constant(nullType, null);
    if (typeof value === 'string') return constant(string, value);
    if (typeof value === 'boolean') return constant(bool, value);
    if (typeof value === 'number') return constant(double, toDouble(value));
    if (value instanceof Uint8Array) return constant(bytes, value);
    if (typeof value === 'bigint') return constant(int, this.#intLiteral(value, node));
    return constant(uint, new Uint(BigInt(String(value))));
  }

  #intLiteral(value: bigint, node: Node): number | bigint {
    try {
      return toInt(value);
    } catch {
      throw this.error(`Syntax error: invalid int literal`, node);
    }
  }

  // The smallest int has no positive counterpart, so `-9223372036854775808` is one literal.
  #negate(node: Node, operand: Node): Code {
    if (operand.op === 'value' && typeof operand.args === 'bigint') return constant(int, this.#intLiteral(-operand.args, node));
    return this.overloaded(node, '-_', [this.compile(operand)]);
  }

  #identifier(node: Node, name: string): Code {
    const binding = this.#scope.get(name);
    if (binding === undefined) {
      const type = typeIdentifiers[name];
      if (type !== undefined) return constant(typeType, new TypeValue(type));
      throw this.error(`undeclared reference to '${name}' (in container '')`, node);
    }
    if (this.#declared.has(name)) this.#uses.add(name);
    const { slot, type } = binding;
    return { type, size: 1, run: (frame) => frame.slots[slot] };
  }

  #select(node: Node, operandNode: Node, name: string, asOptional: boolean): Code {
    const named = this.#protobufType(node);
    if (named !== undefined) return named;
    const operand = this.compile(operandNode);
    const { type, read } = this.field(operand.type, name, node);
    const { run } = operand;
    const size = operand.size + 1;
    const chained = operand.type.kind === 'optional';
    if (!asOptional && !chained) return { type, size, run: (frame) => present(read(run(frame)), name) };
    return { type: type.kind === 'dyn' ? optional(dyn) : optional(type), size, run: (frame) => optionalField(run(frame), read) };
  }

  // The only qualified names: the types of times.
  #protobufType(node: Node): Code | undefined {
    if (node.op !== '.' || node.args[0].op !== '.' || node.args[0].args[0].op !== 'id') return undefined;
    const name = `${node.args[0].args[0].args}.${node.args[0].args[1]}.${node.args[1]}`;
    if (name !== 'google.protobuf.Timestamp' && name !== 'google.protobuf.Duration') return undefined;
    return constant(typeType, new TypeValue(name));
  }

  /** The type of a field and how to read it; undefined is read where there is none. */
  field(operand: CelType, name: string, node: Node): { type: CelType; read: (value: unknown) => unknown } {
    switch (operand.kind) {
      case 'optional':
        return this.field(operand.of, name, node);
      case 'object': {
        // A keyword is accepted as a field name as it is: `self.namespace` for `self.__namespace__`.
        const field = operand.fields.get(name) ?? operand.fields.get(`__${name}__`);
        if (field === undefined) throw this.error(`undefined field '${name}'`, node);
        return { type: field.type, read: fieldReader(field) };
      }
      case 'map':
        return { type: operand.value, read: (value) => readMap(value, name) };
      case 'dyn':
        return { type: dyn, read: (value) => readDynamic(value, name) };
      default:
        throw this.error(`type '${typeName(operand)}' does not support field selection`, node);
    }
  }

  #index(node: Node, operator: string, [operandNode, indexNode]: readonly [Node, Node]): Code {
    const operand = this.compile(operandNode);
    const index = this.compile(indexNode);
    const type = operand.type.kind === 'optional' ? operand.type.of : operand.type;
    const value = this.#elementType(node, operator, operand.type, type, index.type);
    const [readOperand, readIndex] = [operand.run, index.run];
    const size = operand.size + index.size + 1;
    if (operator === '_[_]' && operand.type.kind !== 'optional') {
      return { type: value, size, run: (frame) => elementAt(readOperand(frame), readIndex(frame)) };
    }
    return {
      type: optional(value),
      size,
      run: (frame) => {
        const at = readIndex(frame);
        return optionalField(readOperand(frame), (target) => findElement(target, at));
      },
    };
  }

  #elementType(node: Node, operator: string, shown: CelType, type: CelType, index: CelType): CelType {
    if (type.kind === 'dyn') return dyn;
    if (type.kind === 'list' && isAssignable(int, index, new Map())) return type.element;
    if (type.kind === 'map' && isAssignable(type.key, index, new Map())) return type.value;
    throw this.#noOverload(node, operator, [shown, index]);
  }

  #call(node: Node, name: string, args: readonly Node[]): Code {
    const macro = expandMacro(this, node, name, undefined, args);
    if (macro !== undefined) return macro;
    this.#requireFunction(node, name);
    return this.overloaded(
      node,
      name,
      args.map((argument) => this.compile(argument)),
    );
  }

  #method(node: Node, name: string, receiver: Node, args: readonly Node[]): Code {
    const macro = expandMacro(this, node, name, receiver, args);
    if (macro !== undefined) return macro;
    if (receiver.op === 'id' && !this.#scope.has(receiver.args) && standardLibrary.has(`${receiver.args}.${name}`)) {
      return this.overloaded(
        node,
        `${receiver.args}.${name}`,
        args.map((argument) => this.compile(argument)),
      );
    }
    const target = this.compile(receiver);
    this.#requireFunction(node, `.${name}`);
    const mixed = this.#mixedLiterals;
    this.#mixedLiterals ||= name === 'format';
    const compiled = args.map((argument) => this.compile(argument));
    this.#mixedLiterals = mixed;
    return this.overloaded(node, `.${name}`, [target, ...compiled]);
  }

  /** Chooses the overloads that fit the arguments and compiles the call. */
  overloaded(node: Node, name: string, args: readonly Code[]): Code {
    const types = args.map((argument) => argument.type);
    const fitting: { overload: Overload; result: CelType }[] = [];
    for (const overload of standardLibrary.get(name) ?? []) {
      const bindings: Bindings = new Map();
      if (overload.params.length !== types.length) continue;
      if (!overload.params.every((wanted, i) => isAssignable(wanted, types[i] ?? dyn, bindings))) continue;
      fitting.push({ overload, result: substitute(overload.result, bindings) });
    }
    const first = fitting[0];
    if (first === undefined) throw this.#noOverload(node, name, types);
    const result = fitting.reduce<CelType>((type, candidate) => join(type, candidate.result) ?? dyn, first.result);
    const size = args.reduce((sum, argument) => sum + argument.size, 1);
    this.#checkLiterals(node, name, args);
    const special = specialised(name, args);
    const certain = fitting.length === 1 && !types.some(isDynamic);
    const run =
      special ??
      caller(
        certain
          ? first.overload.call
          : dispatcher(
              name,
              fitting.map(({ overload }) => overload),
            ),
        args,
      );
    return { type: result, size, run };
  }

  // cel-go's ValidateDurationLiterals, ValidateTimestampLiterals and ValidateRegexLiterals, on in Kubernetes since 1.29.
  #checkLiterals(node: Node, name: string, args: readonly Code[]): void {
    const text = args[args.length - 1]?.constant?.value;
    if (typeof text !== 'string') return;
    const at = (node.op === 'call' ? node.args[1] : node.op === 'rcall' ? node.args[2] : []).at(-1) ?? node;
    if (name === 'duration' && parseGoDuration(text) === undefined) throw this.error(`invalid duration argument`, at);
    if (name === 'timestamp' && parseTimestamp(text) === undefined) throw this.error(`invalid timestamp argument`, at);
    if (name !== '.matches' && name !== 'matches') return;
    try {
      patternOf(text);
    } catch (cause) {
      throw this.error(`invalid matches argument: ${cause instanceof Error ? cause.message : String(cause)}`, at);
    }
  }

  // `x.f()` and `f(x)` share a name in cel-go, so a function that exists in the other style is known.
  #requireFunction(node: Node, name: string): void {
    const plain = name.startsWith('.') ? name.slice(1) : name;
    if (standardLibrary.has(plain) || standardLibrary.has(`.${plain}`)) return;
    throw this.error(`undeclared reference to '${plain}' (in container '')`, node);
  }

  #noOverload(node: Node, name: string, types: readonly CelType[]): CelCompileError {
    const method = name.startsWith('.');
    const names = types.map(typeName);
    const applied = method ? `${names[0]}.(${names.slice(1).join(', ')})` : `(${names.join(', ')})`;
    return this.error(`found no matching overload for '${method ? name.slice(1) : name}' applied to '${applied}'`, node);
  }

  #list(nodes: readonly Node[]): Code {
    const entries = nodes.map((entry) => this.compile(entry));
    const element = this.#commonType(nodes, entries);
    const size = entries.reduce((sum, entry) => sum + entry.size, 1);
    const runs = entries.map((entry) => entry.run);
    const type = list(element);
    if (entries.every((entry) => entry.constant !== undefined))
      return {
        ...constant(
          type,
          entries.map((entry) => entry.constant?.value),
        ),
        size,
      };
    return { type, size, run: (frame) => runs.map((run) => run(frame)) };
  }

  #map(pairs: readonly (readonly [Node, Node])[]): Code {
    const keys = pairs.map(([key]) => this.compile(key));
    const values = pairs.map(([, value]) => this.compile(value));
    const type = map(
      this.#commonType(
        pairs.map(([key]) => key),
        keys,
      ),
      this.#commonType(
        pairs.map(([, value]) => value),
        values,
      ),
    );
    const size = [...keys, ...values].reduce((sum, entry) => sum + entry.size, 1);
    const runs = keys.map((key, i) => [key.run, values[i]?.run ?? key.run] as const);
    return { type, size, run: (frame) => buildMap(runs.map(([key, value]) => [key(frame), value(frame)])) };
  }

  // HomogeneousAggregateLiterals: the entries of a literal have one type.
  #commonType(nodes: readonly Node[], entries: readonly Code[]): CelType {
    let type: CelType | undefined;
    entries.forEach((entry, i) => {
      const joined: CelType | undefined = type === undefined ? entry.type : join(type, entry.type);
      const node = nodes[i];
      if (joined === undefined && this.#mixedLiterals) {
        type = dyn;
        return;
      }
      if (joined === undefined && node !== undefined) {
        throw this.error(`expected type '${typeName(type ?? dyn)}' but found '${typeName(entry.type)}'`, node);
      }
      type = joined;
    });
    return type ?? dyn;
  }

  #conditional(node: Node, [conditionNode, thenNode, elseNode]: readonly [Node, Node, Node]): Code {
    const condition = this.compile(conditionNode);
    const [yes, no] = [this.compile(thenNode), this.compile(elseNode)];
    const type = join(yes.type, no.type);
    if (!isAssignable(bool, condition.type, new Map()) || type === undefined) {
      throw this.error(
        `found no matching overload for '_?_:_' applied to '(${[condition, yes, no].map((part) => typeName(part.type)).join(', ')})'`,
        node,
      );
    }
    const [decide, runYes, runNo] = [condition.run, yes.run, no.run];
    return {
      type,
      size: condition.size + yes.size + no.size + 1,
      run: (frame) => (requireBool(decide(frame)) ? runYes(frame) : runNo(frame)),
    };
  }

  #requireBoolType(code: Code, node: Node): void {
    if (!isAssignable(bool, code.type, new Map())) throw this.error(`expected type 'bool' but found '${typeName(code.type)}'`, node);
  }

  // `a && b` is false if either is, even if the other fails; likewise true for `||` (cel-spec, logical operators).
  #logic(node: Node, [leftNode, rightNode]: readonly [Node, Node], decisive: boolean): Code {
    const [left, right] = [this.compile(leftNode), this.compile(rightNode)];
    this.#requireBoolType(left, leftNode);
    this.#requireBoolType(right, rightNode);
    const [runLeft, runRight] = [left.run, right.run];
    return {
      type: bool,
      size: left.size + right.size + 1,
      run: (frame) => {
        let first: unknown;
        try {
          first = requireBool(runLeft(frame));
        } catch (cause) {
          if (!(cause instanceof CelEvaluationError)) throw cause;
          if (requireBool(runRight(frame)) === decisive) return decisive;
          throw cause;
        }
        return first === decisive ? decisive : requireBool(runRight(frame));
      },
    };
  }
}

// cel-go points at the operator, the dot, or the opening bracket; this parser notes where an operand begins.
function placeOf(node: Node, expression: string): number {
  const after = (from: number, sign: string): number => Math.max(expression.indexOf(sign, from), node.start);
  switch (node.op) {
    case 'value':
    case 'id':
    case 'list':
    case 'map':
    case '!_':
    case '-_':
      return node.pos;
    case '.':
    case '.?':
      return after(node.args[0].end, '.');
    case '[]':
    case '[?]':
      return after(node.args[0].end, '[');
    case 'call':
      return after(node.start, '(');
    case 'rcall':
      return after(node.args[1].end, '(');
    case '?:':
      return after(node.args[0].end, '?');
    default:
      return after(node.args[0].end, node.op);
  }
}

function constant(type: CelType, value: unknown): Code {
  return { type, size: 1, constant: { value }, run: () => value };
}

function present(value: unknown, name: string): unknown {
  if (value === undefined) throw new CelEvaluationError(`no such key: ${name}`);
  return value;
}

function optionalField(target: unknown, read: (value: unknown) => unknown): unknown {
  if (target instanceof Optional) return target.present ? optionalField(target.value, read) : none;
  const value = read(target);
  return value === undefined ? none : new Optional(true, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fieldReader(field: ObjectField): (value: unknown) => unknown {
  const { property, keepsNull = false } = field;
  const convert = converterFor(field.type);
  return (value) => {
    if (!isRecord(value) || !Object.hasOwn(value, property)) return undefined;
    const found = value[property];
    return found === undefined || (found === null && !keepsNull) ? undefined : convert(found);
  };
}

function readMap(value: unknown, name: string): unknown {
  return isRecord(value) ? mapGet(value, name) : undefined;
}

function readDynamic(value: unknown, name: string): unknown {
  if (value instanceof Optional) return value.present ? readDynamic(value.value, name) : undefined;
  return kindOf(value) === 'map' ? mapGet(value, name) : undefined;
}

/** An element of a list or a map. @throws CelEvaluationError */
function elementAt(target: unknown, index: unknown): unknown {
  const found = findElement(target, index);
  if (found !== undefined) return found;
  throw new CelEvaluationError(Array.isArray(target) ? `index out of bounds: ${String(index)}` : `no such key: ${String(index)}`);
}

function findElement(target: unknown, index: unknown): unknown {
  if (Array.isArray(target)) {
    const position = mapKey(index);
    if (typeof position !== 'number' || !Number.isInteger(position)) throw new CelEvaluationError('no such overload');
    return position >= 0 ? (target[position] as unknown) : undefined;
  }
  return kindOf(target) === 'map' ? mapGet(target, index) : undefined;
}

function buildMap(entries: readonly [unknown, unknown][]): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const [key, value] of entries) {
    if (typeof key !== 'string' && typeof key !== 'boolean' && !isInt(mapKey(key))) throw new CelEvaluationError('unsupported key type');
    result.set(mapKey(key), value);
  }
  return result;
}

const same = (value: unknown): unknown => value;

/**
 * How a JSON value becomes the CEL value of its declared type. Most types need nothing; times and bytes are strings in
 * JSON, and a double that is integral has to be told from an int (apiserver pkg/cel/common/values: UnstructuredToVal).
 */
export function converterFor(type: CelType): (value: unknown) => unknown {
  switch (type.kind) {
    case 'double':
      return (value) => (typeof value === 'number' ? toDouble(value) : value);
    case 'bytes':
      return (value) => (typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value);
    case 'timestamp':
      return (value) => (typeof value === 'string' ? toTimestamp(value) : value);
    case 'duration':
      return (value) => (typeof value === 'string' ? toDuration(value) : value);
    case 'list': {
      const convert = converterFor(type.element);
      return convert === same ? same : (value) => (Array.isArray(value) ? value.map(convert) : value);
    }
    case 'map': {
      const convert = converterFor(type.value);
      if (convert === same) return same;
      return (value) =>
        isRecord(value) && !(value instanceof Map) ? new Map(Object.entries(value).map(([k, v]) => [k, convert(v)])) : value;
    }
    default:
      return same;
  }
}

// `format: date` has no time of day: midnight in UTC.
function toTimestamp(text: string): unknown {
  return parseTimestamp(text.includes('T') || text.includes('t') ? text : `${text}T00:00:00Z`) ?? failConversion(text);
}

function toDuration(text: string): unknown {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === undefined ? failConversion(text) : new Duration(nanoseconds);
}

function failConversion(text: string): never {
  throw new CelEvaluationError(`Invalid value ${JSON.stringify(text)}`);
}

function caller(call: Implementation, args: readonly Code[]): (frame: Frame) => unknown {
  const [a, b, c, d] = args.map((argument) => argument.run);
  if (a === undefined) return (frame) => call(frame, undefined, undefined, undefined, undefined);
  if (b === undefined) return (frame) => call(frame, a(frame), undefined, undefined, undefined);
  if (c === undefined) return (frame) => call(frame, a(frame), b(frame), undefined, undefined);
  if (d === undefined) return (frame) => call(frame, a(frame), b(frame), c(frame), undefined);
  return (frame) => call(frame, a(frame), b(frame), c(frame), d(frame));
}

/** Picks the overload by the kinds of the values. */
function dispatcher(name: string, overloads: readonly Overload[]): Implementation {
  const failure = /^\w/.test(name) && !name.startsWith('_') ? `no such overload: ${name}` : 'no such overload';
  return (frame, a, b, c, d) => {
    for (const { params, call } of overloads) {
      if (params.every((wanted, i) => fits(wanted, i === 0 ? a : i === 1 ? b : i === 2 ? c : d))) return call(frame, a, b, c, d);
    }
    throw new CelEvaluationError(failure);
  };
}

function fits(wanted: CelType, value: unknown): boolean {
  switch (wanted.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'object':
      return kindOf(value) === 'map';
    case 'list':
      return (
        Array.isArray(value) &&
        (wanted.element.kind === 'param' || wanted.element.kind === 'dyn' || value.every((v) => fits(wanted.element, v)))
      );
    case 'map':
      return kindOf(value) === 'map';
    default:
      return kindOf(value) === wanted.kind;
  }
}

function comparison(first: Code, second: Code, wanted: boolean): ((frame: Frame) => unknown) | undefined {
  const same = comparisonOf(first.type) ?? comparisonOf(second.type);
  const [left, right] = [first.run, second.run];
  return same && ((frame) => same(left(frame), right(frame)) === wanted);
}

function merging(first: Code, second: Code, identity: ListIdentity): (frame: Frame) => unknown {
  const [left, right] = [first.run, second.run];
  return (frame) => {
    const [a, b] = [left(frame) as unknown[], right(frame) as unknown[]];
    frame.budget.spend(a.length * b.length);
    return merge(a, b, identity);
  };
}

// Where the types or a literal allow better than the general implementation: a literal pattern is compiled once,
// `x in ["a", "b"]` looks up a set, and lists that are sets or maps compare and add as such.
function specialised(name: string, args: readonly Code[]): ((frame: Frame) => unknown) | undefined {
  const [first, second] = args;
  if (first === undefined || second === undefined) return undefined;
  const { run } = first;
  const fixed = second.constant?.value;
  if ((name === '.matches' || name === 'matches') && first.type.kind === 'string' && typeof fixed === 'string') {
    const pattern = patternOf(fixed);
    return (frame) => {
      const text = run(frame) as string;
      frame.budget.spend(text.length / 10);
      return pattern.matches(text);
    };
  }
  if (name === '_==_' || name === '_!=_') return comparison(first, second, name === '_==_');
  if (name === '_+_' && first.type.kind === 'list' && first.type.identity !== undefined) return merging(first, second, first.type.identity);
  if (name === '@in' && Array.isArray(fixed) && fixed.every((entry) => typeof entry === 'string')) {
    const entries = new Set<unknown>(fixed);
    return (frame) => entries.has(run(frame));
  }
  return undefined;
}
