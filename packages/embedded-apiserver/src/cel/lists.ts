import { CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import type { LibraryBuilder } from './overload.ts';
import type { CelType } from './types.ts';
import { bool, bytes, double, duration, int, list, param, string, timestamp, uint } from './types.ts';
import type { Uint } from './values.ts';
import { Double, Duration, isInt, numberOf, toDouble, toInt, toUint } from './values.ts';
import { compare, equals } from './comparison.ts';

const a = param('A');
const comparable: readonly CelType[] = [int, uint, double, bool, duration, timestamp, string, bytes];

/** Lists of Kubernetes (apiserver pkg/cel/library/lists.go), and sets of cel-go's ext. ext.Lists is not offered by Kubernetes 1.34 by default. */
export function addLists(library: LibraryBuilder): void {
  for (const type of comparable) {
    library.method('isSorted', list(type), [], bool, (frame, entries) => isSorted(frame, spend(frame, entries)));
    library.method('min', list(type), [], type, (frame, entries) => extreme(frame, spend(frame, entries), 'min', -1));
    library.method('max', list(type), [], type, (frame, entries) => extreme(frame, spend(frame, entries), 'max', 1));
  }
  addSums(library);
  library.method('indexOf', list(a), [a], int, (frame, entries, value) =>
    spend(frame, entries).findIndex((entry) => equals(entry, value, frame.budget)),
  );
  library.method('lastIndexOf', list(a), [a], int, (frame, entries, value) =>
    spend(frame, entries).findLastIndex((entry) => equals(entry, value, frame.budget)),
  );
  addSets(library);
}

function addSums(library: LibraryBuilder): void {
  library.method('sum', list(int), [], int, (frame, entries) => {
    let sum = 0n;
    for (const entry of spend(frame, entries)) sum += BigInt(requireInt(entry));
    return toInt(sum);
  });
  library.method('sum', list(uint), [], uint, (frame, entries) =>
    toUint(spend(frame, entries).reduce<bigint>((sum, entry) => sum + (entry as Uint).value, 0n)),
  );
  library.method('sum', list(double), [], double, (frame, entries) =>
    toDouble(spend(frame, entries).reduce<number>((sum, entry) => sum + numberOf(entry), 0)),
  );
  library.method(
    'sum',
    list(duration),
    [],
    duration,
    (frame, entries) => new Duration(spend(frame, entries).reduce<bigint>((sum, entry) => sum + (entry as Duration).nanoseconds, 0n)),
  );
}

function addSets(library: LibraryBuilder): void {
  const within = (frame: Frame, inner: unknown, outer: unknown): boolean =>
    spend(frame, inner).every((entry) => includes(frame, outer as unknown[], entry));
  library.function('sets.contains', [list(a), list(a)], bool, (frame, outer, inner) => within(frame, inner, outer));
  library.function('sets.equivalent', [list(a), list(a)], bool, (frame, x, y) => within(frame, x, y) && within(frame, y, x));
  library.function('sets.intersects', [list(a), list(a)], bool, (frame, x, y) =>
    spend(frame, x).some((entry) => includes(frame, y as unknown[], entry)),
  );
}

function spend(frame: Frame, entries: unknown): unknown[] {
  frame.budget.spend((entries as unknown[]).length);
  return entries as unknown[];
}

function includes(frame: Frame, entries: readonly unknown[], value: unknown): boolean {
  frame.budget.spend(entries.length);
  return entries.some((entry) => equals(entry, value, frame.budget));
}

function requireInt(value: unknown): number | bigint {
  if (isInt(value)) return value;
  throw new CelEvaluationError('no such overload');
}

function order(frame: Frame, x: unknown, y: unknown): number {
  const result = compare(x, y, frame.budget);
  if (result !== undefined) return result;
  if (x instanceof Double || y instanceof Double || typeof x === 'number') return 0;
  throw new CelEvaluationError('no such overload');
}

function isSorted(frame: Frame, entries: readonly unknown[]): boolean {
  return entries.every((entry, i) => i === 0 || order(frame, entries[i - 1], entry) <= 0);
}

function extreme(frame: Frame, entries: readonly unknown[], name: string, sign: 1 | -1): unknown {
  if (entries.length === 0) throw new CelEvaluationError(`${name} called on empty list`);
  return entries.reduce((best, entry) => (order(frame, entry, best) * sign > 0 ? entry : best));
}
