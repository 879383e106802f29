import { hasSurrogates } from './code-points.ts';
import type { Budget } from './frame.ts';
import { Double, Uint, kindOf, mapGet, mapKeys, mapSize, type Optional, type Timestamp, type TypeValue } from './values.ts';

/**
 * CEL equality: numbers compare across types, values of different types are unequal, never an error. What it has to look
 * at is paid from the budget.
 */
export function equals(a: unknown, b: unknown, budget: Budget): boolean {
  if (typeof a === 'string' || typeof b === 'string') return equalStrings(a, b, budget);
  if (a === b) return true;
  if (typeof a === 'boolean' || typeof b === 'boolean') return false;
  const kind = kindOf(a);
  const other = kindOf(b);
  if (isNumeric(kind) && isNumeric(other)) return compareNumbers(a, b) === 0;
  return kind === other && equalOfKind(kind, a, b, budget);
}

function equalStrings(a: unknown, b: unknown, budget: Budget): boolean {
  if (typeof a !== 'string' || typeof b !== 'string' || a.length !== b.length) return false;
  if (a.length > 100) budget.spend(a.length / 100);
  return a === b;
}

function equalOfKind(kind: string, a: unknown, b: unknown, budget: Budget): boolean {
  switch (kind) {
    case 'list':
      return equalLists(a as unknown[], b as unknown[], budget);
    case 'map':
      return equalMaps(a, b, budget);
    case 'bytes':
      budget.spend((a as Uint8Array).length / 100);
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
      return left.present === right.present && (!left.present || equals(left.value, right.value, budget));
    }
    default:
      return kind === 'null';
  }
}

function equalLists(a: readonly unknown[], b: readonly unknown[], budget: Budget): boolean {
  if (a.length !== b.length) return false;
  budget.spend(a.length);
  for (let i = 0; i < a.length; i++) if (!equals(a[i], b[i], budget)) return false;
  return true;
}

function equalMaps(a: unknown, b: unknown, budget: Budget): boolean {
  const keys = mapKeys(a);
  // Looking up a member is about five times the work of an entry of a list.
  budget.spend(keys.length * 5);
  if (keys.length !== mapSize(b)) return false;
  return keys.every((key) => {
    const right = mapGet(b, key);
    return right !== undefined && equals(mapGet(a, key), right, budget);
  });
}

function isNumeric(kind: string): boolean {
  return kind === 'int' || kind === 'double' || kind === 'uint';
}

/** Compares across int, uint and double; undefined if one is NaN. */
function compareNumbers(a: unknown, b: unknown): number | undefined {
  const left = a instanceof Double ? a.value : a instanceof Uint ? a.value : (a as number | bigint);
  const right = b instanceof Double ? b.value : b instanceof Uint ? b.value : (b as number | bigint);
  if (left < right) return -1;
  if (left > right) return 1;
  // JavaScript compares number and bigint by mathematical value.
  return left == right ? 0 : undefined;
}

/** Orders two values of one comparable type; undefined if they have no order. */
export function compare(a: unknown, b: unknown, budget: Budget): number | undefined {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b, budget);
  const kind = kindOf(a);
  const other = kindOf(b);
  if (isNumeric(kind) && isNumeric(other)) return compareNumbers(a, b);
  if (kind !== other) return undefined;
  switch (kind) {
    case 'bool':
      return Number(a) - Number(b);
    case 'bytes':
      budget.spend((a as Uint8Array).length / 100);
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'timestamp':
    case 'duration':
      return sign((a as Timestamp).nanoseconds - (b as Timestamp).nanoseconds);
    default:
      return undefined;
  }
}

// Go compares UTF-8 bytes, which is code point order; UTF-16 order differs only beyond the basic plane.
function compareStrings(a: string, b: string, budget: Budget): number {
  budget.spend((a.length + b.length) / 10);
  if (a === b) return 0;
  return hasSurrogates(a) || hasSurrogates(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1;
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}
