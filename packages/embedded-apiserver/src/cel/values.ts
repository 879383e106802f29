import { CelEvaluationError } from './errors.ts';

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

/** Division that rounds towards minus infinity. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
