import { CelEvaluationError } from './errors.ts';
import type { Budget } from './frame.ts';
import { Uint, display, isDouble, isInt, kindOf, mapGet, mapKeys, numberOf } from './values.ts';

const maxPrecision = 1000;

/**
 * `'%s is %d'.format([…])` with the verbs s, d, f, e, b, o, x and X of cel-go's ext.Strings.
 * @throws CelEvaluationError for an unknown verb, too few arguments, or an argument of another type
 */
export function format(budget: Budget, template: string, args: readonly unknown[]): string {
  let next = 0;
  let result = '';
  const directive = /%(%|(?:\.(\d+))?([a-zA-Z]))|%/g;
  let from = 0;
  for (const match of template.matchAll(directive)) {
    result += template.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] === '%') {
      result += '%';
      continue;
    }
    if (next >= args.length) throw new CelEvaluationError(`index ${next} out of range`);
    const text = formatOne(match[3] ?? '', Number(match[2] ?? 6), args[next++]);
    budget.spend(text.length / 10 + 1);
    result += text;
  }
  return result + template.slice(from);
}

function formatOne(verb: string, precision: number, value: unknown): string {
  if (precision > maxPrecision) throw new CelEvaluationError(`precision ${precision} is too large`);
  switch (verb) {
    case 's':
      return show(value);
    case 'd':
      if (isInt(value) || value instanceof Uint) return display(value);
      break;
    case 'f':
    case 'e':
      if (isDouble(value) || isInt(value)) return formatReal(verb, Math.min(precision, 100), numberOf(value));
      break;
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0';
      if (isInt(value)) return value.toString(2);
      break;
    case 'o':
      if (isInt(value)) return value.toString(8);
      break;
    case 'x':
    case 'X':
      return hexadecimal(value, verb === 'X');
    default:
      throw new CelEvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
  throw new CelEvaluationError(`error during formatting: %${verb} cannot take a ${kindOf(value)}`);
}

function formatReal(verb: 'f' | 'e', precision: number, value: number): string {
  if (!Number.isFinite(value)) return display(value);
  const text = verb === 'f' ? value.toFixed(precision) : value.toExponential(precision);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function hexadecimal(value: unknown, upper: boolean): string {
  let text: string;
  if (isInt(value)) text = value.toString(16);
  else if (typeof value === 'string') text = Buffer.from(value).toString('hex');
  else if (value instanceof Uint8Array) text = Buffer.from(value).toString('hex');
  else throw new CelEvaluationError(`error during formatting: %x cannot take a ${kindOf(value)}`);
  return upper ? text.toUpperCase() : text;
}

function show(value: unknown): string {
  const kind = kindOf(value);
  if (kind === 'list') return `[${(value as unknown[]).map(show).join(', ')}]`;
  if (kind !== 'map') return kind === 'null' ? 'null' : display(value);
  const members = mapKeys(value).map((key) => `${show(key)}: ${show(mapGet(value, key))}`);
  return `{${members.sort().join(', ')}}`;
}
