import { equals } from './comparison.ts';
import type { Budget } from './frame.ts';
import type { CelType, ListIdentity } from './types.ts';
import { mapGet, mapKeys } from './values.ts';

/*
 * Lists with x-kubernetes-list-type set or map: equality ignores the order, and `+` merges
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#available-validation-libraries).
 */

type Comparison = (a: unknown, b: unknown, budget: Budget) => boolean;

/** The equality of a type, if it differs from plain equality anywhere within the type. */
export function comparisonOf(type: CelType): Comparison | undefined {
  switch (type.kind) {
    case 'list':
      return comparisonOfList(comparisonOf(type.element), type.identity);
    case 'map': {
      const value = comparisonOf(type.value);
      return value && ((a, b, budget) => equalMembers(a, b, () => value, budget));
    }
    case 'object': {
      const byProperty = new Map([...type.fields.values()].map((field) => [field.property, comparisonOf(field.type)]));
      if ([...byProperty.values()].every((comparison) => comparison === undefined)) return undefined;
      return (a, b, budget) => equalMembers(a, b, (key) => byProperty.get(key), budget);
    }
    default:
      return undefined;
  }
}

function comparisonOfList(element: Comparison | undefined, identity: ListIdentity | undefined): Comparison | undefined {
  if (identity === undefined) {
    return (
      element &&
      ((a, b, budget) => sameLength(a, b, budget) && (a as unknown[]).every((entry, i) => element(entry, (b as unknown[])[i], budget)))
    );
  }
  const same = element ?? equals;
  return (a, b, budget) => {
    if (!sameLength(a, b, budget)) return false;
    return (a as unknown[]).every((entry) => (b as unknown[]).some((other) => same(entry, other, budget)));
  };
}

function sameLength(a: unknown, b: unknown, budget: Budget): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  // Sets and maps are compared entry by entry with all others.
  budget.spend(a.length * a.length);
  return true;
}

function equalMembers(a: unknown, b: unknown, comparison: (key: string) => Comparison | undefined, budget: Budget): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return equals(a, b, budget);
  const keys = mapKeys(a);
  budget.spend(keys.length);
  if (keys.length !== mapKeys(b).length) return false;
  return keys.every((key) => {
    const other = mapGet(b, key);
    return other !== undefined && (comparison(String(key)) ?? equals)(mapGet(a, key), other, budget);
  });
}

/** `a + b`: the entries of a in their places, those of b with the same identity over them, the rest of b behind. */
export function merge(a: readonly unknown[], b: readonly unknown[], identity: ListIdentity, budget: Budget): unknown[] {
  budget.spend(a.length * b.length + b.length * b.length);
  const same: Comparison =
    identity === 'set' ? equals : (x, y) => identity.every((key) => equals(mapGet(x, key) ?? null, mapGet(y, key) ?? null, budget));
  const result = a.map((entry) => b.find((other) => same(entry, other, budget)) ?? entry);
  for (const entry of b) if (!result.some((other) => same(entry, other, budget))) result.push(entry);
  return result;
}
