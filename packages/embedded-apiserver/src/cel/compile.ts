import { buildMap, elementAt, fieldReader, findElement, optionalField, payForEntries, present, readDynamic, readMap } from './access.ts';
import { caller, dispatcher, specialised } from './call.ts';
import { constant, placeOf, type Code } from './code.ts';
import { parseGoDuration } from './duration.ts';
import { CelCompileError, CelEvaluationError } from './errors.ts';
import { failureCost, type Budget } from './frame.ts';
import { isConverted } from './json-conversion.ts';
import { standardLibrary } from './library.ts';
import { expandMacro } from './macros.ts';
import type { Overload } from './overload.ts';
import { expressionLimits, parse, type Node } from './parse.ts';
import { patternOf } from './regular-expressions.ts';
import { parseTimestamp } from './timestamp.ts';
import type { Bindings, CelType } from './types.ts';
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
import { TypeValue, Uint, requireBool, toDouble, toInt } from './values.ts';

/*
 * Why not the evaluator of @marcbachmann/cel-js or @bufbuild/cel (tried: 8.0.0 and 0.6.1)? The first fixes `matches` to V8's
 * backtracking engine and refuses to override it, counts UTF-16 units where CEL counts code points, has no budget for
 * loops, and lacks charAt, replace, format, sets and the list functions of Kubernetes. The second has neither optionals
 * nor a checker that covers fields, and is six times slower. The parser of the first is good, and used.
 */

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

/**
 * Checks and compiles the nodes of one expression, one method for each kind of node; macros.ts calls back into it. It is one
 * class, longer than others here, because the methods recurse into each other and share the scope.
 */
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
    const size = operand.size + 1;
    const chained = operand.type.kind === 'optional';
    const { run } = operand;
    if (!asOptional && !chained) {
      if (!isConverted(type)) return { type, size, run: (frame) => present(read(run(frame)), name) };
      return { type, size, run: (frame) => payForEntries(frame, present(read(run(frame)), name)) };
    }
    const result = optional(type);
    return { type: result, size, run: (frame) => payForEntries(frame, optionalField(run(frame), read)) };
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
          frame.budget.spend(failureCost);
          if (requireBool(runRight(frame)) === decisive) return decisive;
          throw cause;
        }
        return first === decisive ? decisive : requireBool(runRight(frame));
      },
    };
  }
}
