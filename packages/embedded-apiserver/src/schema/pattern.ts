import { RE2JS } from 're2js';

/** A compiled RE2 pattern. Matching is linear in the input, whatever the pattern: V8's backtracking engine never sees it. */
export interface Pattern {
  /** Unanchored, as Go's `regexp.MatchString`. */
  matches(text: string): boolean;
  /** The first matches from left to right, at most `limit` of them; all if it is negative. */
  findAll(text: string, limit: number): string[];
}

/** Longest accepted pattern, in UTF-16 units. Kubernetes has no limit of its own; RE2 bounds the compiled program too. */
export const maxPatternLength = 4096;

/**
 * Compiles with RE2 syntax, the one Kubernetes uses for `pattern` and CEL's `matches`.
 * @throws Error naming what RE2 does not accept (look-around, back-references, a program that is too large)
 */
export function compilePattern(source: string): Pattern {
  if (source.length > maxPatternLength) throw new Error(`pattern is longer than ${maxPatternLength} characters`);
  const compiled = RE2JS.compile(source);
  return { matches: (text) => compiled.test(text), findAll: (text, limit) => findAll(compiled, text, limit) };
}

function findAll(compiled: RE2JS, text: string, limit: number): string[] {
  const found: string[] = [];
  const matcher = compiled.matcher(text);
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}
