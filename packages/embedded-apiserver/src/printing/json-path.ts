import { isObject } from '../schema/json.ts';

/** A compiled path: all values that it finds in an object, in document order. */
export type JsonPath = (root: unknown) => unknown[];

type Step = (value: unknown) => unknown[];

const maxPathLength = 1024;

/**
 * Compiles a JSONPath of the kind that printer columns and selectable fields use (client-go util/jsonpath, in which missing
 * keys find nothing): `.spec.nodeName`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[0:2]`, `[*]`, `.*`, and filters of one comparison
 * `[?(@.type=="Ready")]` with == != < <= > >=, or none (the field is there). `..` and unions are not supported.
 * @throws Error saying what is wrong with the path
 */
export function compileJsonPath(path: string): JsonPath {
  if (path.length > maxPathLength) throw new Error(`path is longer than ${maxPathLength} characters`);
  const steps = new PathParser(path).parse();
  return (root) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [root]);
}

/** The first value at a path, or undefined. Compiles the path each time: for a path that is used once. */
export function fieldValue(object: object, path: string): unknown {
  return compileJsonPath(path)(object)[0];
}

class PathParser {
  readonly #path: string;
  #at = 0;

  constructor(path: string) {
    this.#path = path.startsWith('$') ? path.slice(1) : path;
  }

  parse(): Step[] {
    const steps: Step[] = [];
    if (this.#path === '') throw new Error('path is empty');
    while (this.#at < this.#path.length) steps.push(this.#step());
    return steps;
  }

  #step(): Step {
    const dot = this.#take(/\.(\*|(?:[^.[\]{}()\\\s]|\\.)+)/y);
    if (dot !== undefined) return dot[1] === '*' ? members : field((dot[1] ?? '').replaceAll(/\\(.)/g, '$1'));
    const quoted = this.#take(/\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y);
    if (quoted !== undefined) return field((quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1'));
    if (this.#take(/\[\*\]/y) !== undefined) return members;
    const index = this.#take(/\[(-?\d{1,9})\]/y);
    if (index !== undefined) return element(Number(index[1]));
    const slice = this.#take(/\[(-?\d{0,9}):(-?\d{0,9})\]/y);
    if (slice !== undefined) return range(slice[1] ?? '', slice[2] ?? '');
    const filter = this.#take(/\[\?\(\s*@((?:[^=!<>)"']|'[^']*'|"[^"]*")+?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+)\s*)?\)\]/y);
    if (filter !== undefined) return where(compileJsonPath((filter[1] ?? '').trim()), filter[2], filter[3] ?? '');
    throw new Error(`unexpected ${JSON.stringify(this.#path.slice(this.#at, this.#at + 20))} at ${this.#at} in path`);
  }

  #take(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.#at;
    const match = token.exec(this.#path);
    if (match === null) return undefined;
    this.#at = token.lastIndex;
    return match;
  }
}

function field(name: string): Step {
  return (value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []);
}

const members: Step = (value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

function element(index: number): Step {
  return (value) => {
    if (!Array.isArray(value)) return [];
    const at = index < 0 ? value.length + index : index;
    return at >= 0 && at < value.length ? [value[at]] : [];
  };
}

function range(from: string, to: string): Step {
  return (value) => (Array.isArray(value) ? value.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to)) : []);
}

function where(operand: JsonPath, operator: string | undefined, literal: string): Step {
  const wanted = literal === '' ? undefined : literalValue(literal);
  return (value) => {
    const entries = members(value);
    return entries.filter((entry) => {
      const [found] = operand(entry);
      return operator === undefined ? found !== undefined : found !== undefined && holds(found, operator, wanted);
    });
  };
}

function literalValue(text: string): unknown {
  if (/^["']/.test(text)) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  if (Number.isNaN(number)) throw new Error(`${JSON.stringify(text)} is neither a quoted text, a number, nor a boolean`);
  return number;
}

function holds(left: unknown, operator: string, right: unknown): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (typeof left === 'string' && typeof right === 'string') return ordered(left < right ? -1 : left > right ? 1 : 0, operator);
  if (typeof left === 'number' && typeof right === 'number') return ordered(left - right, operator);
  return false;
}

function ordered(order: number, operator: string): boolean {
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}
