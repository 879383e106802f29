import { CelEvaluationError } from './errors.ts';
import type { Budget, Frame } from './frame.ts';
import { format } from './format.ts';
import type { LibraryBuilder } from './overload.ts';
import { bool, dyn, int, list, string } from './types.ts';
import { hasSurrogates } from './code-points.ts';

/** The standard string functions and cel-go's ext.Strings, version 2. Positions count code points. */
export function addStrings(library: LibraryBuilder): void {
  addTests(library);
  addPositions(library);
  addTransformations(library);
  addJoinAndSplit(library);
}

function addTests(library: LibraryBuilder): void {
  const tests: Record<string, (text: string, part: string) => boolean> = {
    startsWith: (text, part) => text.startsWith(part),
    endsWith: (text, part) => text.endsWith(part),
    contains: (text, part) => text.includes(part),
  };
  for (const [name, test] of Object.entries(tests)) {
    library.method(name, string, [string], bool, (frame, text, part) => {
      spendText(frame, text);
      return test(text as string, part as string);
    });
  }
}

function addPositions(library: LibraryBuilder): void {
  library.method('charAt', string, [int], string, (frame, text, index) => {
    spendText(frame, text);
    const units = characters(text as string);
    const at = checkIndex(Number(index), units.length);
    return at === units.length ? '' : (units[at] ?? '');
  });
  library.method('indexOf', string, [string], int, (frame, text, part) => indexOf(frame, text as string, part as string, 0));
  library.method('indexOf', string, [string, int], int, (frame, text, part, from) =>
    indexOf(frame, text as string, part as string, Number(from)),
  );
  library.method('lastIndexOf', string, [string], int, (frame, text, part) =>
    lastIndexOf(frame, text as string, part as string, undefined),
  );
  library.method('lastIndexOf', string, [string, int], int, (frame, text, part, from) =>
    lastIndexOf(frame, text as string, part as string, Number(from)),
  );
  library.method('substring', string, [int], string, (frame, text, from) => substring(frame, text as string, Number(from), undefined));
  library.method('substring', string, [int, int], string, (frame, text, from, to) =>
    substring(frame, text as string, Number(from), Number(to)),
  );
}

function addTransformations(library: LibraryBuilder): void {
  const transformations: Record<string, (text: string) => string> = {
    lowerAscii: (text) => text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()),
    upperAscii: (text) => text.replace(/[a-z]+/g, (lower) => lower.toUpperCase()),
    trim: (text) => text.trim(),
  };
  for (const [name, transform] of Object.entries(transformations)) {
    library.method(name, string, [], string, (frame, text) => {
      spendText(frame, text);
      return transform(text as string);
    });
  }
  library.method('replace', string, [string, string], string, (frame, text, from, to) =>
    replace(frame.budget, text as string, from as string, to as string, -1),
  );
  library.method('replace', string, [string, string, int], string, (frame, text, from, to, limit) =>
    limitedReplace(frame, text, from, to, limit),
  );
  library.method('format', string, [list(dyn)], string, (frame, template, args) =>
    format(frame.budget, template as string, args as unknown[]),
  );
  library.function('strings.quote', [string], string, (frame, text) => {
    spendText(frame, text);
    return JSON.stringify(text);
  });
}

function limitedReplace(frame: Frame, text: unknown, from: unknown, to: unknown, limit: unknown): string {
  return replace(frame.budget, text as string, from as string, to as string, Number(limit));
}

function addJoinAndSplit(library: LibraryBuilder): void {
  library.method('join', list(string), [], string, (frame, parts) => join(frame, parts as string[], ''));
  library.method('join', list(string), [string], string, (frame, parts, separator) => join(frame, parts as string[], separator as string));
  library.method('split', string, [string], list(string), (frame, text, separator) =>
    split(frame, text as string, separator as string, -1),
  );
  library.method('split', string, [string, int], list(string), (frame, text, separator, limit) =>
    split(frame, text as string, separator as string, Number(limit)),
  );
}

function spendText(frame: Frame, text: unknown): void {
  frame.budget.spend((text as string).length / 10);
}

/** The code points of a text; the text itself where each is one unit. */
function characters(text: string): string | string[] {
  return hasSurrogates(text) ? [...text] : text;
}

function checkIndex(index: number, length: number): number {
  if (index < 0 || index > length) throw new CelEvaluationError(`index out of range: ${index}`);
  return index;
}

function indexOf(frame: Frame, text: string, part: string, from: number): number {
  spendText(frame, text);
  const units = characters(text);
  checkIndex(from, Infinity);
  if (part === '') return from;
  if (from >= units.length) return -1;
  if (typeof units === 'string') return units.indexOf(part, from);
  const skipped = units.slice(0, from).join('').length;
  const at = text.indexOf(part, skipped);
  return at < 0 ? -1 : [...text.slice(0, at)].length;
}

function lastIndexOf(frame: Frame, text: string, part: string, from: number | undefined): number {
  spendText(frame, text);
  const units = characters(text);
  if (from !== undefined) checkIndex(from, Infinity);
  if (part === '') return from ?? units.length;
  if (from !== undefined && from >= units.length) return -1;
  if (typeof units === 'string') return units.lastIndexOf(part, from);
  const limit = from === undefined ? undefined : units.slice(0, from).join('').length;
  const at = text.lastIndexOf(part, limit);
  return at < 0 ? -1 : [...text.slice(0, at)].length;
}

function substring(frame: Frame, text: string, from: number, to: number | undefined): string {
  spendText(frame, text);
  const units = characters(text);
  const end = checkIndex(to ?? units.length, units.length);
  checkIndex(from, units.length);
  if (from > end) throw new CelEvaluationError(`invalid substring range. start: ${from}, end: ${end}`);
  return typeof units === 'string' ? units.slice(from, end) : units.slice(from, end).join('');
}

// What the result will be long is paid before it is built.
function replace(budget: Budget, text: string, from: string, to: string, limit: number): string {
  budget.spend(text.length / 10);
  const parts = from === '' ? ['', ...text, ''] : text.split(from);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  budget.spend((text.length + count * to.length) / 10);
  if (count === parts.length - 1) return parts.join(to);
  return parts.slice(0, count + 1).join(to) + from + parts.slice(count + 1).join(from);
}

function join(frame: Frame, parts: readonly string[], separator: string): string {
  let length = 0;
  for (const part of parts) {
    if (typeof part !== 'string') throw new CelEvaluationError('no such overload');
    length += part.length + separator.length;
  }
  frame.budget.spend(length / 10 + parts.length);
  return parts.join(separator);
}

function split(frame: Frame, text: string, separator: string, limit: number): string[] {
  frame.budget.spend(text.length);
  if (limit === 0) return [];
  const parts = separator === '' ? [...text] : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}
