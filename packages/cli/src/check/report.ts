import type { Check } from './check.ts';

const MARKS = { ok: ['✓', 32], failed: ['✗', 31], off: ['–', 90] } as const;

/** One line per check, and what to do next below those that failed. */
export function report(checks: readonly Check[], color: boolean): string {
  const width = Math.max(...checks.map((one) => one.name.length));
  return checks.map((one) => line(one, width, color)).join('\n');
}

/** One check as a line (two, where there is something to do). */
function line({ name, verdict, message, next }: Check, width: number, color: boolean): string {
  const [mark, code] = MARKS[verdict];
  const sign = color ? `\u001b[${code}m${mark}\u001b[0m` : mark;
  return `${sign} ${name.padEnd(width)}   ${message}${next === undefined ? '' : `\n  ${' '.repeat(width)}   → ${next}`}`;
}

/** What is said of a check while it may still become true. */
export function progress({ name, verdict, message }: Check): string {
  return `${verdict === 'failed' ? '…' : MARKS[verdict][0]} ${name}: ${message}`;
}

/** The last line. */
export function verdict(checks: readonly Check[]): string {
  const bad = checks.filter((one) => one.verdict === 'failed').length;
  return bad === 0 ? 'KDR is ready.' : `KDR is not ready: ${bad} of ${checks.length} checks failed.`;
}

/** Nothing failed. */
export function allFine(checks: readonly Check[]): boolean {
  return checks.every((one) => one.verdict !== 'failed');
}
