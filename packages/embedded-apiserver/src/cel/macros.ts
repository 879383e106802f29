import type { Code } from './code.ts';
import type { Compiler } from './compile.ts';
import { CelEvaluationError } from './errors.ts';
import { failureCost, type Frame } from './frame.ts';
import type { Node } from './parse.ts';
import type { CelType } from './types.ts';
import { bool, dyn, int, isAssignable, list, map, optional, typeName } from './types.ts';
import { Optional, kindOf, mapGet, mapKey, mapKeys, none, requireBool } from './values.ts';

/**
 * Compiles a call if it is a macro: has, the comprehensions with one variable and with two (index or key, and value),
 * optMap and optFlatMap. (`cel.bind` is not offered by Kubernetes 1.34.)
 * @returns undefined if it is an ordinary call
 */
export function expandMacro(
  compiler: Compiler,
  node: Node,
  name: string,
  receiver: Node | undefined,
  args: readonly Node[],
): Code | undefined {
  if (receiver === undefined) return name === 'has' && args.length === 1 ? has(compiler, node, args) : undefined;
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) return mapOptional(compiler, node, name, receiver, args);
  const shape = comprehensions[`${name}/${args.length}`];
  return shape === undefined ? undefined : comprehension(compiler, node, receiver, args, shape);
}

function has(compiler: Compiler, node: Node, [target]: readonly Node[]): Code {
  if (target?.op !== '.') throw compiler.error('invalid argument to has() macro', target ?? node);
  const operand = compiler.compile(target.args[0]);
  const { read } = compiler.field(operand.type, target.args[1], node);
  const { run } = operand;
  return {
    type: bool,
    size: operand.size + 1,
    run: (frame) => {
      const value = run(frame);
      if (value instanceof Optional) return value.present && read(value.value) !== undefined;
      return read(value) !== undefined;
    },
  };
}

function mapOptional(compiler: Compiler, node: Node, name: string, receiver: Node, args: readonly Node[]): Code {
  const [variable, bodyNode] = two(args);
  const target = compiler.compile(receiver);
  if (target.type.kind !== 'optional' && target.type.kind !== 'dyn') {
    throw compiler.error(`found no matching overload for '${name}' applied to '${typeName(target.type)}.()'`, node);
  }
  const of = target.type.kind === 'optional' ? target.type.of : dyn;
  return compiler.withVariable(identifier(compiler, node, variable), of, (slot) => {
    const body = compiler.compile(bodyNode);
    const [runTarget, runBody, flat] = [target.run, body.run, name === 'optFlatMap'];
    const run = (frame: Frame): unknown => {
      const value = runTarget(frame);
      if (!(value instanceof Optional)) throw new CelEvaluationError('no such overload');
      if (!value.present) return none;
      frame.slots[slot] = value.value;
      const mapped = runBody(frame);
      return flat ? mapped : new Optional(true, mapped);
    };
    return { type: flat ? body.type : optional(body.type), size: target.size + body.size + 1, run };
  });
}

/** The loop of a comprehension: `each` sets the variables for one entry. */
interface Loop {
  readonly bodies: readonly Code[];
  readonly source: (frame: Frame) => unknown;
  readonly each: (frame: Frame, source: unknown, entry: unknown, index: number) => void;
  readonly cost: number;
}

/** Types of what is looped over: key (or index) and value, and `single` for loops with one variable. */
interface Range {
  readonly key: CelType;
  readonly value: CelType;
  readonly single: CelType;
}

interface Shape {
  readonly variables: 1 | 2;
  /** Which of the bodies have to be bool. */
  readonly predicates: readonly boolean[];
  readonly type: (bodies: readonly Code[], range: Range) => CelType;
  readonly run: (loop: Loop) => (frame: Frame) => unknown;
}

const quantifiers = (variables: 1 | 2): Record<'all' | 'exists' | 'existsOne', Shape> => ({
  all: { variables, predicates: [true], type: () => bool, run: (loop) => quantify(loop, false) },
  exists: { variables, predicates: [true], type: () => bool, run: (loop) => quantify(loop, true) },
  existsOne: { variables, predicates: [true], type: () => bool, run: countOne },
});
const one = quantifiers(1);
const pair = quantifiers(2);

const comprehensions: Readonly<Record<string, Shape>> = {
  'all/2': one.all,
  'exists/2': one.exists,
  'exists_one/2': one.existsOne,
  'all/3': pair.all,
  'exists/3': pair.exists,
  'existsOne/3': pair.existsOne,
  'filter/2': { variables: 1, predicates: [true], type: (_, { single }) => list(single), run: (loop) => collect(loop, undefined) },
  'map/2': { variables: 1, predicates: [false], type: ([body]) => list(body?.type ?? dyn), run: (loop) => collect(loop, 0) },
  'map/3': { variables: 1, predicates: [true, false], type: ([, body]) => list(body?.type ?? dyn), run: (loop) => collect(loop, 1) },
  'transformList/3': { variables: 2, predicates: [false], type: ([body]) => list(body?.type ?? dyn), run: (loop) => collect(loop, 0) },
  'transformList/4': {
    variables: 2,
    predicates: [true, false],
    type: ([, body]) => list(body?.type ?? dyn),
    run: (loop) => collect(loop, 1),
  },
  'transformMap/3': {
    variables: 2,
    predicates: [false],
    type: ([body], { key }) => map(key, body?.type ?? dyn),
    run: (loop) => collectMap(loop, 0),
  },
  'transformMap/4': {
    variables: 2,
    predicates: [true, false],
    type: ([, body], { key }) => map(key, body?.type ?? dyn),
    run: (loop) => collectMap(loop, 1),
  },
};

function comprehension(compiler: Compiler, node: Node, receiver: Node, args: readonly Node[], shape: Shape): Code {
  const source = compiler.compile(receiver);
  const range = rangeOf(compiler, node, source.type);
  const [first = '', second = ''] = args.slice(0, shape.variables).map((argument) => identifier(compiler, node, argument));
  const finish = (each: Loop['each']): Code => {
    const bodies = args.slice(shape.variables).map((body, i) => compileBody(compiler, body, shape.predicates[i] === true));
    const cost = bodies.reduce((sum, body) => sum + body.size, 1);
    return { type: shape.type(bodies, range), size: source.size + cost, run: shape.run({ source: source.run, bodies, each, cost }) };
  };
  if (shape.variables === 1) {
    return compiler.withVariable(first, range.single, (slot) =>
      finish((frame, _source, entry) => {
        frame.slots[slot] = entry;
      }),
    );
  }
  return compiler.withVariable(first, range.key, (keySlot) =>
    compiler.withVariable(second, range.value, (valueSlot) =>
      finish((frame, from, entry, index) => {
        const ofList = Array.isArray(from);
        frame.slots[keySlot] = ofList ? index : entry;
        frame.slots[valueSlot] = ofList ? entry : mapGet(from, entry);
      }),
    ),
  );
}

function compileBody(compiler: Compiler, body: Node, predicate: boolean): Code {
  const code = compiler.compile(body);
  if (!predicate || isAssignable(bool, code.type, new Map())) return code;
  throw compiler.error(`expected type 'bool' but found '${typeName(code.type)}'`, body);
}

// For one variable a list yields its elements and a map its keys; for two, index or key and value.
function rangeOf(compiler: Compiler, node: Node, type: CelType): Range {
  if (type.kind === 'list') return { key: int, value: type.element, single: type.element };
  if (type.kind === 'map') return { key: type.key, value: type.value, single: type.key };
  if (type.kind === 'dyn') return { key: dyn, value: dyn, single: dyn };
  const shown = typeName(type);
  throw compiler.error(`expression of type '${shown}' cannot be range of a comprehension (must be list, map, or dynamic)`, node);
}

function entriesOf(frame: Frame, source: unknown): readonly unknown[] {
  if (Array.isArray(source)) return source;
  if (kindOf(source) === 'map') {
    const keys = mapKeys(source);
    frame.budget.spend(keys.length);
    return keys;
  }
  throw new CelEvaluationError('no such overload');
}

/** all (decisive false) and exists (decisive true): a decisive entry wins over entries that fail. */
function quantify(loop: Loop, decisive: boolean): (frame: Frame) => unknown {
  const test = loop.bodies[0]?.run ?? (() => false);
  return (frame) => {
    const source = loop.source(frame);
    const entries = entriesOf(frame, source);
    let failure: unknown;
    for (let i = 0; i < entries.length; i++) {
      frame.budget.spend(loop.cost);
      loop.each(frame, source, entries[i], i);
      try {
        if (requireBool(test(frame)) === decisive) return decisive;
      } catch (cause) {
        if (!(cause instanceof CelEvaluationError)) throw cause;
        frame.budget.spend(failureCost);
        failure ??= cause;
      }
    }
    if (failure !== undefined) throw failure;
    return !decisive;
  };
}

function countOne(loop: Loop): (frame: Frame) => unknown {
  const test = loop.bodies[0]?.run ?? (() => false);
  return (frame) => {
    const source = loop.source(frame);
    let count = 0;
    entriesOf(frame, source).forEach((entry, i) => {
      frame.budget.spend(loop.cost);
      loop.each(frame, source, entry, i);
      if (requireBool(test(frame))) count++;
    });
    return count === 1;
  };
}

/** filter (no transform), map and transformList: the body at `transform` gives the entries; one before it filters. */
function collect(loop: Loop, transform: number | undefined): (frame: Frame) => unknown {
  const filter = transform === 0 ? undefined : loop.bodies[0]?.run;
  const body = transform === undefined ? undefined : loop.bodies[transform]?.run;
  return (frame) => {
    const source = loop.source(frame);
    const result: unknown[] = [];
    entriesOf(frame, source).forEach((entry, i) => {
      frame.budget.spend(loop.cost);
      loop.each(frame, source, entry, i);
      if (filter === undefined || requireBool(filter(frame))) result.push(body === undefined ? entry : body(frame));
    });
    return result;
  };
}

function collectMap(loop: Loop, transform: number): (frame: Frame) => unknown {
  const filter = transform === 0 ? undefined : loop.bodies[0]?.run;
  const body = loop.bodies[transform]?.run ?? (() => undefined);
  return (frame) => {
    const source = loop.source(frame);
    const result = new Map<unknown, unknown>();
    entriesOf(frame, source).forEach((entry, i) => {
      frame.budget.spend(loop.cost);
      loop.each(frame, source, entry, i);
      if (filter === undefined || requireBool(filter(frame))) result.set(mapKey(Array.isArray(source) ? i : entry), body(frame));
    });
    return result;
  };
}

function identifier(compiler: Compiler, node: Node, argument: Node | undefined): string {
  if (argument?.op === 'id') return argument.args;
  throw compiler.error('argument must be a simple name', argument ?? node);
}

function two([a, b]: readonly Node[]): [Node, Node] {
  if (a === undefined || b === undefined) throw new TypeError('a macro was called with too few arguments');
  return [a, b];
}
