import { createHash } from 'node:crypto';
import { KdrError } from '@kdr/api-types';

const MAX_DEPTH = 128;
// A repetition of a call may differ in these: they speak of the try, not of the question.
const OF_THE_TRY = new Set(['attempt', 'deadline', 'callback']);

function canonical(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw new KdrError('KDR_BAD_REQUEST', `nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((each) => canonical(each, depth + 1));
  const entries = Object.entries(value).filter(([key]) => depth > 0 || !OF_THE_TRY.has(key));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, each]) => [key, canonical(each, depth + 1)]);
}

/** Equal for two requests that ask the same, whatever the order of their fields. */
export function requestDigest(request: object): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(request, 0)))
    .digest('base64');
}
