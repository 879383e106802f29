import type { Code } from './code.ts';
import { CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import { comparisonOf, merge } from './list-identity.ts';
import type { Implementation, Overload } from './overload.ts';
import { patternOf } from './regular-expressions.ts';
import type { CelType, ListIdentity } from './types.ts';
import { kindOf } from './values.ts';

/** Code that evaluates the arguments and calls. */
export function caller(call: Implementation, args: readonly Code[]): (frame: Frame) => unknown {
  const [a, b, c, d] = args.map((argument) => argument.run);
  if (a === undefined) return (frame) => call(frame, undefined, undefined, undefined, undefined);
  if (b === undefined) return (frame) => call(frame, a(frame), undefined, undefined, undefined);
  if (c === undefined) return (frame) => call(frame, a(frame), b(frame), undefined, undefined);
  if (d === undefined) return (frame) => call(frame, a(frame), b(frame), c(frame), undefined);
  return (frame) => call(frame, a(frame), b(frame), c(frame), d(frame));
}

/** Picks the overload by the kinds of the values. */
export function dispatcher(name: string, overloads: readonly Overload[]): Implementation {
  const failure = /^\w/.test(name) && !name.startsWith('_') ? `no such overload: ${name}` : 'no such overload';
  return (frame, a, b, c, d) => {
    for (const { params, call } of overloads) {
      if (params.every((wanted, i) => fits(frame, wanted, i === 0 ? a : i === 1 ? b : i === 2 ? c : d))) return call(frame, a, b, c, d);
    }
    throw new CelEvaluationError(failure);
  };
}

function fits(frame: Frame, wanted: CelType, value: unknown): boolean {
  switch (wanted.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'object':
      return kindOf(value) === 'map';
    case 'list':
      return Array.isArray(value) && entriesFit(frame, wanted.element, value);
    default:
      return kindOf(value) === wanted.kind;
  }
}

function entriesFit(frame: Frame, wanted: CelType, entries: readonly unknown[]): boolean {
  if (wanted.kind === 'param' || wanted.kind === 'dyn') return true;
  frame.budget.spend(entries.length);
  return entries.every((entry) => fits(frame, wanted, entry));
}

function comparison(first: Code, second: Code, wanted: boolean): ((frame: Frame) => unknown) | undefined {
  const same = comparisonOf(first.type) ?? comparisonOf(second.type);
  const [left, right] = [first.run, second.run];
  return same && ((frame) => same(left(frame), right(frame), frame.budget) === wanted);
}

function merging(first: Code, second: Code, identity: ListIdentity): (frame: Frame) => unknown {
  const [left, right] = [first.run, second.run];
  return (frame) => {
    const [a, b] = [left(frame) as unknown[], right(frame) as unknown[]];
    return merge(a, b, identity, frame.budget);
  };
}

// Where the types or a literal allow better than the general implementation: a literal pattern is compiled once,
// `x in ["a", "b"]` looks up a set, and lists that are sets or maps compare and add as such.
export function specialised(name: string, args: readonly Code[]): ((frame: Frame) => unknown) | undefined {
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
