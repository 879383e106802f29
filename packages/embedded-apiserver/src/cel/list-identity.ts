import type { CelType, ListIdentity } from './types.ts';
import { equals, mapGet, mapKeys } from './values.ts';

/*
 * Lists with x-kubernetes-list-type set or map: equality ignores the order, and `+` merges
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#available-validation-libraries).
 */

type Comparison = (a: unknown, b: unknown) => boolean;

/** The equality of a type, if it differs from plain equality anywhere within the type. */
export function comparisonOf(type: CelType): Comparison | undefined {
  switch (type.kind) {
    case 'list':
      return comparisonOfList(comparisonOf(type.element), type.identity);
    case 'map': {
      const value = comparisonOf(type.value);
      return value && ((a, b) => equalMembers(a, b, () => value));
    }
    case 'object': {
      const byProperty = new Map([...type.fields.values()].map((field) => [field.property, comparisonOf(field.type)]));
      if ([...byProperty.values()].every((comparison) => comparison === undefined)) return undefined;
      return (a, b) => equalMembers(a, b, (key) => byProperty.get(key));
    }
    default:
      return undefined;
  }
}

function comparisonOfList(element: Comparison | undefined, identity: ListIdentity | undefined): Comparison | undefined {
  if (identity === undefined) {
    return element && ((a, b) => sameLength(a, b) && (a as unknown[]).every((entry, i) => element(entry, (b as unknown[])[i])));
  }
  const same = element ?? equals;
  return (a, b) => sameLength(a, b) && (a as unknown[]).every((entry) => (b as unknown[]).some((other) => same(entry, other)));
}

function sameLength(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length;
}

function equalMembers(a: unknown, b: unknown, comparison: (key: string) => Comparison | undefined): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return equals(a, b);
  const keys = mapKeys(a);
  if (keys.length !== mapKeys(b).length) return false;
  return keys.every((key) => {
    const other = mapGet(b, key);
    return other !== undefined && (comparison(String(key)) ?? equals)(mapGet(a, key), other);
  });
}

/** `a + b`: the entries of a in their places, those of b with the same identity over them, the rest of b behind. */
export function merge(a: readonly unknown[], b: readonly unknown[], identity: ListIdentity): unknown[] {
  const same: Comparison =
    identity === 'set' ? equals : (x, y) => identity.every((key) => equals(mapGet(x, key) ?? null, mapGet(y, key) ?? null));
  const result = a.map((entry) => b.find((other) => same(entry, other)) ?? entry);
  for (const entry of b) if (!result.some((other) => same(entry, other))) result.push(entry);
  return result;
}
