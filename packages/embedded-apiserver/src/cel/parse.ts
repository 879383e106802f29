import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { CelCompileError } from './errors.ts';

/**
 * Limits of one expression. Kubernetes bounds an expression by its estimated cost instead; here the text, the number of
 * nodes and their depth are bounded, and the run time by a budget (frame.ts).
 */
export const expressionLimits = { characters: 16_384, nodes: 8_192, nesting: 128, depth: 512, literalEntries: 1_000 } as const;

export type Node = ASTNode;

// Only the parser of the library is used: see compile.ts for why.
const parser = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: expressionLimits.nodes,
    maxDepth: expressionLimits.nesting,
    maxListElements: expressionLimits.literalEntries,
    maxMapEntries: expressionLimits.literalEntries,
    maxCallArguments: 32,
  },
});

/**
 * Parses an expression into its syntax tree, macros unexpanded.
 * @throws CelCompileError
 */
export function parse(expression: string): Node {
  if (expression.length > expressionLimits.characters) {
    throw new CelCompileError(`expression is longer than ${expressionLimits.characters} characters`, '', 0);
  }
  try {
    return parser.parse(expression).ast;
  } catch (cause) {
    throw syntaxError(cause, expression);
  }
}

function syntaxError(cause: unknown, expression: string): CelCompileError {
  if (cause instanceof RangeError) return new CelCompileError('expression is nested too deeply', expression, 0);
  const { summary, range } = cause as { summary?: string; range?: { start: number } };
  const message = summary ?? (cause instanceof Error ? cause.message : String(cause));
  return new CelCompileError(`Syntax error: ${message}`, expression, range?.start ?? 0);
}
