import { codePointLength } from './code-points.ts';
import { compare, equals } from './comparison.ts';
import { CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { Implementation, LibraryBuilder } from './overload.ts';
import type { CelType } from './types.ts';
import { bool, bytes, double, duration, dyn, int, list, map, param, string, timestamp, typeType, uint } from './types.ts';
import { timestampOf } from './timestamp.ts';
import type { Timestamp, Uint } from './values.ts';
import { Duration, TypeValue, kindOf, mapGet, mapSize, numberOf, toDouble, toInt, toUint, typeNameOfKind } from './values.ts';

const maxNanoseconds = 2n ** 63n - 1n;

/** Arithmetic, comparison, membership, `size` and `type`. */
export function addOperators(library: LibraryBuilder): void {
  addEquality(library);
  addOrder(library);
  addInts(library);
  addUints(library);
  addDoubles(library);
  addTimeArithmetic(library);
  addConcatenation(library);
  addSize(library);
  library.function('!_', [bool], bool, (_, a) => a !== true);
  library.function('type', [param('A')], typeType, (_, a) => new TypeValue(typeNameOfKind(kindOf(a))));
  library.function('dyn', [param('A')], dyn, (_, a) => a);
}

function addEquality(library: LibraryBuilder): void {
  const a = param('A');
  library.function('_==_', [a, a], bool, (frame, left, right) => equals(left, right, frame.budget));
  library.function('_!=_', [a, a], bool, (frame, left, right) => !equals(left, right, frame.budget));
  library.function('@in', [a, list(a)], bool, (frame, value, entries) => {
    frame.budget.spend((entries as unknown[]).length);
    return (entries as unknown[]).some((entry) => equals(entry, value, frame.budget));
  });
  library.function('@in', [a, map(a, param('B'))], bool, (_, key, members) => mapGet(members, key) !== undefined);
}

function addOrder(library: LibraryBuilder): void {
  const numeric = [int, uint, double];
  const pairs: (readonly [CelType, CelType])[] = [bool, string, bytes, timestamp, duration].map((type) => [type, type]);
  for (const left of numeric) for (const right of numeric) pairs.push([left, right]);
  const tests: Record<string, (order: number) => boolean> = {
    '_<_': (order) => order < 0,
    '_<=_': (order) => order <= 0,
    '_>_': (order) => order > 0,
    '_>=_': (order) => order >= 0,
  };
  for (const [name, test] of Object.entries(tests)) {
    const call: Implementation = (frame, a, b) => {
      const order = compare(a, b, frame.budget);
      return order !== undefined && test(order);
    };
    for (const [left, right] of pairs) library.function(name, [left, right], bool, call);
  }
}

// Small ints are added as numbers; a result beyond 2^53 is computed again exactly.
function addInts(library: LibraryBuilder): void {
  const operation = (name: string, fast: (a: number, b: number) => number, exact: (a: bigint, b: bigint) => bigint): void => {
    library.function(name, [int, int], int, (_, a, b) => {
      if (typeof a === 'number' && typeof b === 'number') {
        const result = fast(a, b);
        if (Number.isSafeInteger(result)) return result + 0;
      }
      return toInt(exact(BigInt(a as number | bigint), BigInt(b as number | bigint)));
    });
  };
  operation(
    '_+_',
    (a, b) => a + b,
    (a, b) => a + b,
  );
  operation(
    '_-_',
    (a, b) => a - b,
    (a, b) => a - b,
  );
  operation(
    '_*_',
    (a, b) => a * b,
    (a, b) => a * b,
  );
  operation(
    '_/_',
    (a, b) => Math.trunc(a / nonZero(b, 'division by zero')),
    (a, b) => a / nonZeroBig(b, 'division by zero'),
  );
  operation(
    '_%_',
    (a, b) => a % nonZero(b, 'modulus by zero'),
    (a, b) => a % nonZeroBig(b, 'modulus by zero'),
  );
  library.function('-_', [int], int, (_, a) => toInt(-BigInt(a as number | bigint)));
}

function nonZero(value: number, message: string): number {
  if (value === 0) throw new CelEvaluationError(message);
  return value;
}

function nonZeroBig(value: bigint, message: string): bigint {
  if (value === 0n) throw new CelEvaluationError(message);
  return value;
}

function addUints(library: LibraryBuilder): void {
  const operation = (name: string, exact: (a: bigint, b: bigint) => bigint): void => {
    library.function(name, [uint, uint], uint, (_, a, b) => toUint(exact((a as Uint).value, (b as Uint).value)));
  };
  operation('_+_', (a, b) => a + b);
  operation('_-_', (a, b) => a - b);
  operation('_*_', (a, b) => a * b);
  operation('_/_', (a, b) => a / nonZeroBig(b, 'division by zero'));
  operation('_%_', (a, b) => a % nonZeroBig(b, 'modulus by zero'));
}

function addDoubles(library: LibraryBuilder): void {
  const operation = (name: string, apply: (a: number, b: number) => number): void => {
    library.function(name, [double, double], double, (_, a, b) => toDouble(apply(numberOf(a), numberOf(b))));
  };
  operation('_+_', (a, b) => a + b);
  operation('_-_', (a, b) => a - b);
  operation('_*_', (a, b) => a * b);
  operation('_/_', (a, b) => a / b);
  library.function('-_', [double], double, (_, a) => toDouble(-numberOf(a)));
}

function addTimeArithmetic(library: LibraryBuilder): void {
  const time = (a: unknown, b: unknown, sign: bigint): Timestamp =>
    timestampOf((a as Timestamp).nanoseconds + sign * (b as Duration).nanoseconds);
  const span = (a: unknown, b: unknown, sign: bigint): Duration =>
    durationOf((a as Duration).nanoseconds + sign * (b as Duration).nanoseconds);
  library.function('_+_', [timestamp, duration], timestamp, (_, a, b) => time(a, b, 1n));
  library.function('_+_', [duration, timestamp], timestamp, (_, a, b) => time(b, a, 1n));
  library.function('_-_', [timestamp, duration], timestamp, (_, a, b) => time(a, b, -1n));
  library.function('_-_', [timestamp, timestamp], duration, (_, a, b) => span(a, b, -1n));
  library.function('_+_', [duration, duration], duration, (_, a, b) => span(a, b, 1n));
  library.function('_-_', [duration, duration], duration, (_, a, b) => span(a, b, -1n));
}

function durationOf(nanoseconds: bigint): Duration {
  if (nanoseconds > maxNanoseconds || nanoseconds < -maxNanoseconds) throw new CelEvaluationError('duration overflow');
  return new Duration(nanoseconds);
}

function addConcatenation(library: LibraryBuilder): void {
  const a = param('A');
  library.function('_+_', [string, string], string, (frame, left, right) => {
    frame.budget.spend(((left as string).length + (right as string).length) / 10);
    return (left as string) + (right as string);
  });
  library.function('_+_', [bytes, bytes], bytes, (frame, left, right) => {
    frame.budget.spend(((left as Uint8Array).length + (right as Uint8Array).length) / 10);
    return new Uint8Array(Buffer.concat([left as Uint8Array, right as Uint8Array]));
  });
  library.function('_+_', [list(a), list(a)], list(a), (frame, left, right) => {
    frame.budget.spend((left as unknown[]).length + (right as unknown[]).length);
    return [...(left as unknown[]), ...(right as unknown[])];
  });
}

function addSize(library: LibraryBuilder): void {
  const sizes: (readonly [CelType, (frame: Frame, value: unknown) => number])[] = [
    [string, sizeOfText],
    [bytes, (_, value) => (value as Uint8Array).length],
    [list(param('A')), (_, value) => (value as unknown[]).length],
    [map(param('A'), param('B')), sizeOfMap],
  ];
  for (const [type, size] of sizes) {
    library.function('size', [type], int, size);
    library.method('size', type, [], int, size);
  }
}

function sizeOfText(frame: Frame, text: unknown): number {
  frame.budget.spend((text as string).length / 10);
  return codePointLength(text as string);
}

function sizeOfMap(frame: Frame, members: unknown): number {
  const size = mapSize(members);
  frame.budget.spend(size / 10);
  return size;
}
