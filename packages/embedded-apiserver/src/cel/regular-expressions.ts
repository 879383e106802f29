import { compilePattern, type Pattern } from '../schema/pattern.ts';
import { CelEvaluationError } from './errors.ts';
import type { LibraryBuilder } from './overload.ts';
import { bool, int, list, string } from './types.ts';

/** Compiles a pattern as RE2 does, Kubernetes' engine. @throws CelEvaluationError */
export function patternOf(source: string): Pattern {
  try {
    return compilePattern(source);
  } catch (cause) {
    throw new CelEvaluationError(cause instanceof Error ? cause.message : String(cause));
  }
}

// A pattern that is no literal is compiled at each call, at this price for each of its characters.
const compileCost = 100;

function matches(frame: { budget: { spend(units: number): void } }, text: unknown, source: unknown): boolean {
  frame.budget.spend((source as string).length * compileCost + (text as string).length / 10);
  return patternOf(source as string).matches(text as string);
}

/** `matches`, and find and findAll of Kubernetes' regex library (apiserver pkg/cel/library/regex.go). */
export function addRegularExpressions(library: LibraryBuilder): void {
  library.method('matches', string, [string], bool, matches);
  library.function('matches', [string, string], bool, matches);
  library.method('find', string, [string], string, (frame, text, source) => {
    frame.budget.spend((source as string).length * compileCost + (text as string).length / 10);
    return patternOf(source as string).findAll(text as string, 1)[0] ?? '';
  });
  library.method('findAll', string, [string], list(string), (frame, text, source) => {
    frame.budget.spend((source as string).length * compileCost + (text as string).length);
    return patternOf(source as string).findAll(text as string, -1);
  });
  library.method('findAll', string, [string, int], list(string), (frame, text, source, limit) => {
    frame.budget.spend((source as string).length * compileCost + (text as string).length);
    return patternOf(source as string).findAll(text as string, Number(limit));
  });
}
