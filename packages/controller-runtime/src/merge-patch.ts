type Json = { [key: string]: unknown };

/**
 * The JSON merge patch (RFC 7386) that turns `from` into `to`; undefined when they say the same. Keys that `to` lacks
 * (or has as undefined or null, which the format cannot tell from absent) become null. Arrays are replaced whole: the format has nothing smaller.
 */
export function mergePatch(from: unknown, to: unknown): unknown {
  if (!isObject(to)) return sameJson(from, to) ? undefined : to;
  // Over anything but an object the patch must spell `to` out, and an empty object is a change too.
  if (!isObject(from)) return withoutUndefined(to);
  const patch: Json = {};
  for (const key of Object.keys(from)) if (!isAbsent(from[key]) && isAbsent(to[key])) set(patch, key, null);
  for (const key of Object.keys(to)) {
    if (isAbsent(to[key])) continue;
    const difference = key in from ? mergePatch(from[key], to[key]) : withoutUndefined(to[key]);
    if (difference !== undefined) set(patch, key, difference);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** Object keys may stand in any order. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameJson(a[key], b[key]));
}

/** `__proto__` as a key must stay a key. */
function set(target: Json, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
