import { display } from './display.ts';
import { CelEvaluationError } from './errors.ts';
import type { Budget } from './frame.ts';
import { Duration, Timestamp, Uint, isDouble, isInt, kindOf, mapGet, mapKeys, numberOf } from './values.ts';

const maxPrecision = 100;
const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/**
 * `'%s is %d'.format([…])` with the verbs s, d, f, e, b, o, x and X of cel-go's ext.Strings, version 2, as Kubernetes prints
 * them: `%f` groups thousands, `%e` is written `1.234568×10⁰⁴` and ignores a precision, texts within lists are quoted.
 * @throws CelEvaluationError for an unknown verb, too few arguments, or an argument of another type
 */
export function format(budget: Budget, template: string, args: readonly unknown[]): string {
  let next = 0;
  let result = '';
  let from = 0;
  for (const match of template.matchAll(/%(%|(?:\.(\d{1,4}))?([a-zA-Z]))/g)) {
    result += template.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] === '%') {
      result += '%';
      continue;
    }
    if (next >= args.length) throw new CelEvaluationError(`index ${next} out of range`);
    const text = formatOne(match[3] ?? '', Number(match[2] ?? 6), args[next++]);
    budget.spend(text.length + 20);
    result += text;
  }
  return result + template.slice(from);
}

type Verb = (value: unknown, precision: number) => string | undefined;

const radix =
  (base: number): Verb =>
  (value) =>
    isInt(value) ? value.toString(base) : value instanceof Uint ? value.value.toString(base) : undefined;

const verbs: Readonly<Record<string, Verb>> = {
  s: (value) => (kindOf(value) === 'list' || kindOf(value) === 'map' ? nested(value) : kindOf(value) === 'null' ? 'null' : display(value)),
  d: radix(10),
  f: (value, precision) => (isDouble(value) ? fixed(numberOf(value), precision) : undefined),
  e: (value) => (isDouble(value) ? scientific(numberOf(value)) : undefined),
  b: (value) => (typeof value === 'boolean' ? (value ? '1' : '0') : radix(2)(value, 0)),
  o: radix(8),
  x: hexadecimal,
  X: (value) => hexadecimal(value)?.toUpperCase(),
};

function formatOne(verb: string, precision: number, value: unknown): string {
  if (precision > maxPrecision) throw new CelEvaluationError(`precision ${precision} is too large`);
  const formatted = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (formatted === undefined) throw new CelEvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  const text = formatted(value, precision);
  if (text === undefined) throw new CelEvaluationError(`error during formatting: %${verb} cannot be used on a ${kindOf(value)}`);
  return text;
}

function infinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞';
}

function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return infinite(value);
  const [whole = '', fraction] = halfToEven(value, precision).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

// Go rounds a tie to the even digit, toFixed away from zero.
function halfToEven(value: number, precision: number): string {
  const scaled = Math.abs(value) * 10 ** precision;
  const tie = scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0;
  return tie ? ((Math.sign(value) * Math.floor(scaled)) / 10 ** precision).toFixed(precision) : value.toFixed(precision);
}

function scientific(value: number): string {
  if (!Number.isFinite(value)) return infinite(value);
  const [mantissa = '', exponent = ''] = value.toExponential(6).split('e');
  const digits = exponent.slice(1).padStart(2, '0');
  const raised = [...digits].map((digit) => superscripts[Number(digit)]).join('');
  return `${mantissa}×10${exponent.startsWith('-') ? '⁻' : ''}${raised}`;
}

function hexadecimal(value: unknown): string | undefined {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return radix(16)(value, 0);
}

/** A value within a list or map. */
function nested(value: unknown): string {
  const kind = kindOf(value);
  if (kind === 'list') return `[${(value as unknown[]).map(nested).join(', ')}]`;
  if (kind === 'string') return JSON.stringify(value);
  if (kind === 'bytes') return `b${JSON.stringify(display(value))}`;
  if (kind === 'null') return 'null';
  if (kind === 'double') return Number.isFinite(numberOf(value)) ? halfToEven(numberOf(value), 6) : JSON.stringify(display(value));
  if (value instanceof Timestamp) return `timestamp("${display(value)}")`;
  if (value instanceof Duration) return `duration("${display(value)}")`;
  if (kind !== 'map') return display(value);
  const members = mapKeys(value).map((key) => `${nested(key)}:${nested(mapGet(value, key))}`);
  return `{${members.sort().join(', ')}}`;
}
