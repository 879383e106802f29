import { type Static, type TSchema, type TUnion, FormatRegistry, TypeRegistry } from '@sinclair/typebox';
import { Value, type ValueError, type ValueErrorIterator } from '@sinclair/typebox/value';

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

// TypeBox knows neither Type.Unsafe's kind nor any format until it is told; `OneOf` and `FreeObject` are Unsafe.
function teachTypeBox(): void {
  if (TypeRegistry.Has('Unsafe')) return;
  TypeRegistry.Set<{ type?: string; enum?: unknown[] }>('Unsafe', (schema, value) => {
    if (schema.enum !== undefined) return schema.enum.includes(value);
    if (schema.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    return schema.type === undefined || typeof value === schema.type;
  });
  FormatRegistry.Set('date-time', (value) => RFC3339.test(value) && !Number.isNaN(Date.parse(value)));
}

function wording(error: ValueError): string {
  const schema = error.schema as { type?: string; enum?: unknown[] };
  if (schema.enum !== undefined) return `Expected one of ${schema.enum.join(', ')}`;
  return error.message.startsWith("Expected kind 'Unsafe'") ? `Expected ${schema.type}` : error.message;
}

function firstError(errors: ValueErrorIterator): string | undefined {
  const error = errors.First();
  return error && `${error.path === '' ? 'the whole' : error.path.slice(1).replaceAll('/', '.')}: ${wording(error)}`;
}

/**
 * What is wrong with a value, as `field.path: Expected …`, or undefined where it has the schema's shape. Unknown fields are no error: they
 * are how the protocol grows. No code is generated, so that a small process stays small.
 */
export function shapeError(schema: TSchema, value: unknown): string | undefined {
  teachTypeBox();
  return Value.Check(schema, value) ? undefined : (firstError(Value.Errors(schema, value)) ?? 'the whole: not of the expected shape');
}

/**
 * Reads an answer: finds the variant that its `outcome` names, checks it, and takes over the fields that the schema knows, nothing else.
 * @returns the answer, or what is wrong with it: an outcome that this call may not have, or a field.
 */
export function readAnswer<T extends TUnion>(schema: T, value: unknown): { answer: Static<T> } | { error: string } {
  const outcome: unknown = value instanceof Object && 'outcome' in value ? value.outcome : undefined;
  const variant = schema.anyOf.find((each) => each.properties?.outcome?.const === outcome);
  if (outcome === undefined || variant === undefined) {
    const known = schema.anyOf.map((each) => each.properties?.outcome?.const).join(', ');
    return { error: `outcome: Expected one of ${known}, not ${JSON.stringify(outcome)?.slice(0, 64)}` };
  }
  const error = shapeError(variant, value);
  return error === undefined ? { answer: Value.Clean(variant, structuredClone(value)) as Static<T> } : { error };
}
