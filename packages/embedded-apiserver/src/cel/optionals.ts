import { CelEvaluationError } from './errors.ts';
import type { LibraryBuilder } from './overload.ts';
import { bool, dyn, list, optional, param } from './types.ts';
import type { Uint } from './values.ts';
import { Optional, kindOf, none, numberOf } from './values.ts';

const v = param('V');

/** Optional values (cel-go OptionalTypes, version 2); optMap and optFlatMap are macros. */
export function addOptionals(library: LibraryBuilder): void {
  library.function('optional.of', [v], optional(v), (_, value) => new Optional(true, value));
  library.function('optional.none', [], optional(dyn), () => none);
  library.function('optional.ofNonZeroValue', [v], optional(v), (_, value) => (isZero(value) ? none : new Optional(true, value)));
  library.method('hasValue', optional(v), [], bool, (_, target) => (target as Optional).present);
  library.method('value', optional(v), [], v, (_, target) => {
    if (!(target as Optional).present) throw new CelEvaluationError('optional.none() dereference');
    return (target as Optional).value;
  });
  library.method('orValue', optional(v), [v], v, (_, target, otherwise) =>
    (target as Optional).present ? (target as Optional).value : otherwise,
  );
  library.method('first', list(v), [], optional(v), (_, entries) => entryOf(entries as unknown[], 0));
  library.method('last', list(v), [], optional(v), (_, entries) => entryOf(entries as unknown[], (entries as unknown[]).length - 1));
  library.method('or', optional(v), [optional(v)], optional(v), (_, target, other) => ((target as Optional).present ? target : other));
}

function entryOf(entries: readonly unknown[], at: number): Optional {
  return entries.length === 0 ? none : new Optional(true, entries[at]);
}

// Without counting the members.
function isEmptyMap(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  for (const _key in value as object) return false;
  return true;
}

function isZero(value: unknown): boolean {
  switch (kindOf(value)) {
    case 'null':
      return true;
    case 'bool':
      return value === false;
    case 'string':
      return value === '';
    case 'int':
    case 'double':
      return numberOf(value) === 0;
    case 'uint':
      return (value as Uint).value === 0n;
    case 'list':
      return (value as unknown[]).length === 0;
    case 'map':
      return isEmptyMap(value);
    case 'bytes':
      return (value as Uint8Array).length === 0;
    case 'timestamp':
    case 'duration':
      return (value as { nanoseconds: bigint }).nanoseconds === 0n;
    default:
      return false;
  }
}
