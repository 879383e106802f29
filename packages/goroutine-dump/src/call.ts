import type { Argument, Frame } from './model.ts';

const maxDepth = 8; // the runtime itself stops at 5 (traceEvalMaxDepth, runtime/traceback.go)
const word = /^(?:0x[0-9a-f]+\??|\?|_|\.\.\.)$/;

/** Reads a call line, `pkg.(*T).Method(0x1, {0x2, 0x3?}, ...)`; undefined for any other line. */
export function parseCall(line: string): Frame | undefined {
  if (!line.endsWith(')')) return undefined;
  const open = line.lastIndexOf('('); // arguments never contain parentheses, names may
  if (open <= 0) return undefined;
  const name = line.slice(0, open);
  if (!isFunctionName(name)) return undefined;
  const args = parseArguments(line.slice(open + 1, -1));
  return args && { function: name, ...splitName(name), args };
}

/** A qualified name: has a dot (or is `panic`), starts with no blank or digit, and has blanks only inside a literal type. */
function isFunctionName(name: string): boolean {
  if (name === 'panic') return true;
  if (!name.includes('.') || /^[\s\d("'=:.,]/.test(name) || /["'=\\\t]/.test(name)) return false;
  return !name.includes(' ') || name.includes('struct {') || name.includes('interface {') || name.includes('func(');
}

function parseArguments(text: string): Argument[] | undefined {
  const stack: Argument[][] = [[]];
  let from = 0;
  const take = (to: number): boolean => {
    const part = text.slice(from, to).trim();
    if (part === '') return true;
    if (!word.test(part)) return false;
    stack.at(-1)?.push(part);
    return true;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character !== ',' && character !== '{' && character !== '}') continue;
    if (!take(at)) return undefined;
    from = at + 1;
    if (character === '{') {
      if (stack.length > maxDepth) return undefined;
      const list: Argument[] = [];
      stack.at(-1)?.push(list);
      stack.push(list);
    } else if (character === '}') {
      if (stack.length === 1) return undefined;
      stack.pop();
    }
  }
  return take(text.length) && stack.length === 1 ? stack[0] : undefined;
}

/**
 * Splits a full name at the first dot after the last slash: what stands before is the import path. Type arguments, which may
 * contain slashes themselves, are looked over.
 */
export function splitName(name: string): Pick<Frame, 'package' | 'receiver' | 'method'> {
  const bracket = name.indexOf('[');
  const plain = bracket === -1 ? name : name.slice(0, bracket);
  const dot = name.indexOf('.', plain.lastIndexOf('/') + 1);
  if (dot === -1) return { package: '', method: name };
  const rest = name.slice(dot + 1);
  const path = name.slice(0, dot).replaceAll('%2e', '.'); // dots of the last path element are printed as %2e
  const pointer = /^\(\*?([^()[\]]+)(?:\[[^\]]*\])?\)\./.exec(rest);
  if (pointer) return { package: path, receiver: pointer[1], method: rest.slice(pointer[0].length) };
  const value = /^([^.()[\]]+)(?:\[[^\]]*\])?\.(.+)$/.exec(rest);
  if (value && !isClosure(value[1] ?? '', value[2] ?? '')) return { package: path, receiver: value[1], method: value[2] ?? '' };
  return { package: path, method: rest };
}

/** `main.func1`, `glob..func2`, `Serve.func1.2`, `init.0`: a function within a function, not a method of a value. */
function isClosure(first: string, rest: string): boolean {
  return first === 'glob' || /^(?:func\d|gowrap\d|deferwrap\d|\d|\.)/.test(rest);
}
