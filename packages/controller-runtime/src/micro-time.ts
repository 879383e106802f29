/**
 * RFC 3339 with six digits, as Kubernetes' MicroTime wants it. `toISOString` has three, and the API server answers
 * 400 to every Lease written with them (kubernetes#89156).
 */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** RFC 3339 in whole seconds, as Kubernetes' Time is stored. */
export function secondsTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
