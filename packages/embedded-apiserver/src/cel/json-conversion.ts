import { parseGoDuration } from './duration.ts';
import { CelEvaluationError } from './errors.ts';
import { parseTimestamp } from './timestamp.ts';
import type { CelType } from './types.ts';
import { Duration, toDouble } from './values.ts';

const same = (value: unknown): unknown => value;

/**
 * How a JSON value becomes the CEL value of its declared type. Most types need nothing; times and bytes are strings in
 * JSON, and a double that is integral has to be told from an int (apiserver pkg/cel/common/values: UnstructuredToVal).
 */
export function converterFor(type: CelType): (value: unknown) => unknown {
  switch (type.kind) {
    case 'double':
      return (value) => (typeof value === 'number' ? toDouble(value) : value);
    case 'bytes':
      return (value) => (typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value);
    case 'timestamp':
      return (value) => (typeof value === 'string' ? toTimestamp(value) : value);
    case 'duration':
      return (value) => (typeof value === 'string' ? toDuration(value) : value);
    case 'list': {
      const convert = converterFor(type.element);
      return convert === same ? same : (value) => (Array.isArray(value) ? value.map(convert) : value);
    }
    case 'map': {
      const convert = converterFor(type.value);
      if (convert === same) return same;
      return (value) =>
        typeof value === 'object' && value !== null && !(value instanceof Map)
          ? new Map(Object.entries(value).map(([k, v]) => [k, convert(v)]))
          : value;
    }
    default:
      return same;
  }
}

// `format: date` has no time of day: midnight in UTC.
function toTimestamp(text: string): unknown {
  return parseTimestamp(text.includes('T') || text.includes('t') ? text : `${text}T00:00:00Z`) ?? failConversion(text);
}

function toDuration(text: string): unknown {
  const nanoseconds = parseGoDuration(text);
  return nanoseconds === undefined ? failConversion(text) : new Duration(nanoseconds);
}

function failConversion(text: string): never {
  throw new CelEvaluationError(`Invalid value ${JSON.stringify(text)}`);
}

/** Whether reading a value of this type converts all its entries. */
export function isConverted(type: CelType): boolean {
  return (type.kind === 'list' || type.kind === 'map') && converterFor(type) !== same;
}
