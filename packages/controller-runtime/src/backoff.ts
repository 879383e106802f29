/**
 * The pause before try number `failures` (1, 2, …): `baseMs · 2^(failures-1)`, at most `maxMs`, of which the upper half
 * is random, so that those who failed together do not come back together.
 */
export function jitteredBackoff(failures: number, limits: { baseMs: number; maxMs: number }, random: () => number): number {
  const full = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random();
}
