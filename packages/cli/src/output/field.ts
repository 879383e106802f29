/**
 * The value at a printer column's JSONPath: `.a.b`, and `[?(@.type=="Ready")]` on a list. Undefined where a step is missing.
 */
export function fieldAt(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const [, name, key, wanted] of path.matchAll(/\.([A-Za-z0-9]+)|\[\?\(@\.([A-Za-z0-9]+)=="([^"]*)"\)\]/g)) {
    if (name !== undefined) value = (value as Record<string, unknown> | undefined)?.[name];
    else value = Array.isArray(value) ? value.find((one: Record<string, unknown>) => one[key ?? ''] === wanted) : undefined;
  }
  return value;
}
