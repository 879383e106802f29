import type { Frame } from './frame.ts';
import type { Node } from './parse.ts';
import type { CelType } from './types.ts';

/** A compiled piece of an expression. */
export interface Code {
  readonly type: CelType;
  readonly run: (frame: Frame) => unknown;
  /** Set if the value does not depend on any variable. */
  readonly constant?: { readonly value: unknown };
  /** Nodes of the syntax tree it stands for: what one run of it costs. */
  readonly size: number;
}

/** Code for a value that is known. */
export function constant(type: CelType, value: unknown): Code {
  return { type, size: 1, constant: { value }, run: () => value };
}

/** Where an error about a node is shown. */
// cel-go points at the operator, the dot, or the opening bracket; this parser notes where an operand begins.
export function placeOf(node: Node, expression: string): number {
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
