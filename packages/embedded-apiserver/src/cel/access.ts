import { CelEvaluationError } from './errors.ts';
import type { Frame } from './frame.ts';
import { converterFor } from './json-conversion.ts';
import type { ObjectField } from './types.ts';
import { Optional, isInt, kindOf, mapGet, mapKey, none } from './values.ts';

/** What was read from a field. @throws CelEvaluationError if there is none */
export function present(value: unknown, name: string): unknown {
  if (value === undefined) throw new CelEvaluationError(`no such key: ${name}`);
  return value;
}

/** Pays for a list or map whose entries were converted when it was read. */
export function payForEntries(frame: Frame, value: unknown): unknown {
  const entries = value instanceof Optional ? value.value : value;
  if (Array.isArray(entries)) frame.budget.spend(entries.length);
  else if (entries instanceof Map) frame.budget.spend(entries.size);
  return value;
}

/** Reads through an optional; what is not there is none. */
export function optionalField(target: unknown, read: (value: unknown) => unknown): unknown {
  if (target instanceof Optional) return target.present ? optionalField(target.value, read) : none;
  const value = read(target);
  return value === undefined ? none : new Optional(true, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** How a declared field is read from an object; undefined where there is none. */
export function fieldReader(field: ObjectField): (value: unknown) => unknown {
  const { property, keepsNull = false } = field;
  const convert = converterFor(field.type);
  return (value) => {
    if (!isRecord(value) || !Object.hasOwn(value, property)) return undefined;
    const found = value[property];
    return found === undefined || (found === null && !keepsNull) ? undefined : convert(found);
  };
}

/** Reads a key of a map that is written like a field. */
export function readMap(value: unknown, name: string): unknown {
  return isRecord(value) ? mapGet(value, name) : undefined;
}

/** Reads a field of a value whose type is known only now. */
export function readDynamic(value: unknown, name: string): unknown {
  if (value instanceof Optional) return value.present ? readDynamic(value.value, name) : undefined;
  return kindOf(value) === 'map' ? mapGet(value, name) : undefined;
}

/** An element of a list or a map. @throws CelEvaluationError */
export function elementAt(target: unknown, index: unknown): unknown {
  const found = findElement(target, index);
  if (found !== undefined) return found;
  throw new CelEvaluationError(Array.isArray(target) ? `index out of bounds: ${String(index)}` : `no such key: ${String(index)}`);
}

/** An element of a list or a map; undefined if there is none. @throws CelEvaluationError for an index that is no int */
export function findElement(target: unknown, index: unknown): unknown {
  if (Array.isArray(target)) {
    const position = mapKey(index);
    if (typeof position !== 'number' || !Number.isInteger(position)) throw new CelEvaluationError('no such overload');
    return position >= 0 ? (target[position] as unknown) : undefined;
  }
  return kindOf(target) === 'map' ? mapGet(target, index) : undefined;
}

/** The value of a map literal. @throws CelEvaluationError for a key that cannot be one */
export function buildMap(entries: readonly [unknown, unknown][]): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const [key, value] of entries) {
    if (typeof key !== 'string' && typeof key !== 'boolean' && !isInt(mapKey(key))) throw new CelEvaluationError('unsupported key type');
    result.set(mapKey(key), value);
  }
  return result;
}
