import { CelEvaluationError } from './errors.ts';
import { formatGoDuration } from './duration.ts';

/*
 * How CEL values are represented, chosen so that JSON objects are used as they are, without conversion:
 *   int        a number that is an integer; a bigint beyond ±(2^53−1)
 *   double     a number that is not an integer, NaN and ±Infinity; Double where the value is integral
 *   uint       Uint           string, bool, null   themselves        bytes      Uint8Array
 *   list       array          map                  plain object or Map          object     plain object
 */

/** A double whose value is integral, which a plain number would make an int. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970. */
export class Timestamp {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** A span of time in nanoseconds. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

/** An optional value; {@link none} holds nothing. */
export class Optional {
  readonly present: boolean;
  readonly value: unknown;

  constructor(present: boolean, value: unknown) {
    this.present = present;
    this.value = value;
  }
}

export const none = new Optional(false, undefined);

/** The value of `type(x)` and of the identifiers `int`, `string`, … */
export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const maxInt = 2n ** 63n - 1n;
const minInt = -(2n ** 63n);
const maxUint = 2n ** 64n - 1n;

/** A double as it is represented. */
export function toDouble(value: number): number | Double {
  return Number.isInteger(value) ? new Double(value) : value;
}

/** An int as it is represented. @throws CelEvaluationError beyond 64 bits */
export function toInt(value: bigint): number | bigint {
  if (value > maxInt || value < minInt) throw new CelEvaluationError('integer overflow');
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** A uint. @throws CelEvaluationError outside of 0…2^64−1 */
export function toUint(value: bigint): Uint {
  if (value > maxUint || value < 0n) throw new CelEvaluationError('unsigned integer overflow');
  return new Uint(value);
}

export function isInt(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

export function isDouble(value: unknown): value is number | Double {
  return value instanceof Double || (typeof value === 'number' && !Number.isInteger(value));
}

/** The number of a double or an int. */
export function numberOf(value: unknown): number {
  return value instanceof Double ? value.value : Number(value);
}

/** The kind of a value at run time, as `type(x)` names it. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'double';
    default:
      return kindOfObject(value);
  }
}

function kindOfObject(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Double) return 'double';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Optional) return 'optional';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof URL) return 'url';
  return 'map';
}

/** The name that `type(x)` shows for a kind. */
export function typeNameOfKind(kind: string): string {
  const names: Record<string, string> = {
    null: 'null_type',
    timestamp: 'google.protobuf.Timestamp',
    duration: 'google.protobuf.Duration',
    optional: 'optional_type',
    url: 'kubernetes.URL',
  };
  return names[kind] ?? kind;
}

/** The bool itself. @throws CelEvaluationError if a dynamic value is no bool */
export function requireBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new CelEvaluationError('no such overload');
}

/** Members of a map or object, whichever way it is represented. */
export function mapKeys(value: unknown): unknown[] {
  return value instanceof Map ? [...value.keys()] : Object.keys(value as object);
}

/** Reads a member; undefined where there is none. */
export function mapGet(value: unknown, key: unknown): unknown {
  if (value instanceof Map) return value.get(mapKey(key));
  if (typeof key !== 'string') return undefined;
  return Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** Integral numbers are one key, whether int, uint or double (cel-spec, numeric keys). */
export function mapKey(key: unknown): unknown {
  if (key instanceof Double) return key.value;
  if (key instanceof Uint) return toKeyNumber(key.value);
  return key;
}

function toKeyNumber(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

export function mapSize(value: unknown): number {
  return value instanceof Map ? value.size : Object.keys(value as object).length;
}

/** CEL equality: numbers compare across types, values of different types are unequal, never an error. */
export function equals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof b === 'string' || typeof a === 'boolean' || typeof b === 'boolean') return false;
  const kind = kindOf(a);
  const other = kindOf(b);
  if (isNumeric(kind) && isNumeric(other)) return compareNumbers(a, b) === 0;
  if (kind !== other) return false;
  switch (kind) {
    case 'list':
      return equalLists(a as unknown[], b as unknown[]);
    case 'map':
      return equalMaps(a, b);
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0;
    case 'timestamp':
    case 'duration':
      return (a as Timestamp).nanoseconds === (b as Timestamp).nanoseconds;
    case 'type':
      return (a as TypeValue).name === (b as TypeValue).name;
    case 'url':
      return (a as URL).href === (b as URL).href;
    case 'optional': {
      const [left, right] = [a as Optional, b as Optional];
      return left.present === right.present && (!left.present || equals(left.value, right.value));
    }
    default:
      return kind === 'null';
  }
}

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!equals(a[i], b[i])) return false;
  return true;
}

function equalMaps(a: unknown, b: unknown): boolean {
  const keys = mapKeys(a);
  if (keys.length !== mapSize(b)) return false;
  return keys.every((key) => {
    const right = mapGet(b, key);
    return right !== undefined && equals(mapGet(a, key), right);
  });
}

export function isNumeric(kind: string): boolean {
  return kind === 'int' || kind === 'double' || kind === 'uint';
}

/** Compares across int, uint and double; undefined if one is NaN. */
export function compareNumbers(a: unknown, b: unknown): number | undefined {
  const left = a instanceof Double ? a.value : a instanceof Uint ? a.value : (a as number | bigint);
  const right = b instanceof Double ? b.value : b instanceof Uint ? b.value : (b as number | bigint);
  if (left < right) return -1;
  if (left > right) return 1;
  // JavaScript compares number and bigint by mathematical value.
  return left == right ? 0 : undefined;
}

/** Orders two values of one comparable type; undefined if they have no order. */
export function compare(a: unknown, b: unknown): number | undefined {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  const kind = kindOf(a);
  const other = kindOf(b);
  if (isNumeric(kind) && isNumeric(other)) return compareNumbers(a, b);
  if (kind !== other) return undefined;
  switch (kind) {
    case 'bool':
      return Number(a) - Number(b);
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'timestamp':
    case 'duration':
      return sign((a as Timestamp).nanoseconds - (b as Timestamp).nanoseconds);
    default:
      return undefined;
  }
}

// Go compares UTF-8 bytes, which is code point order; UTF-16 order differs only beyond the basic plane.
function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return hasSurrogates(a) || hasSurrogates(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1;
}

export function hasSurrogates(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

/** The text of `string(x)` for the values it takes. */
export function display(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Double) return displayDouble(value.value);
  if (value instanceof Uint) return `${value.value}`;
  if (value instanceof Duration) return `${secondsText(value.nanoseconds)}s`;
  if (value instanceof Timestamp) return displayTimestamp(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof TypeValue) return value.name;
  if (value instanceof URL) return value.href;
  if (typeof value === 'number' && !Number.isInteger(value)) return displayDouble(value);
  return String(value);
}

function secondsText(nanoseconds: bigint): string {
  const [sign, size] = nanoseconds < 0n ? ['-', -nanoseconds] : ['', nanoseconds];
  const fraction = `${size % 1_000_000_000n}`.padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

// strconv.FormatFloat(value, 'g', -1, 64): the shortest digits; an exponent of at least two digits below 1e-4 and from 1e6 on.
function displayDouble(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Number.isNaN(value) || value === 0) return Object.is(value, -0) ? '-0' : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const size = Number(exponent);
  if (size >= -4 && size < 6) return String(value);
  return `${mantissa}e${size < 0 ? '-' : '+'}${String(Math.abs(size)).padStart(2, '0')}`;
}

/** RFC 3339 in UTC, with as many digits of a second as there are. */
export function displayTimestamp(time: Timestamp): string {
  const seconds = floorDivide(time.nanoseconds, 1_000_000_000n);
  const rest = time.nanoseconds - seconds * 1_000_000_000n;
  const fraction = rest === 0n ? '' : `.${`${rest}`.padStart(9, '0').replace(/0+$/, '')}`;
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `${fraction}Z`);
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** A duration as Go prints it, for `%s` and messages. */
export function displayGoDuration(value: Duration): string {
  return formatGoDuration(value.nanoseconds);
}
