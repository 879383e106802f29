import type { Lease } from '@kdr/controller-runtime';

/** Whether a Lease is kept, or since when it is not. */
export type Freshness = { fresh: true; holder: string; ageMs: number } | { fresh: false; why: string };

/** Judges Leases over several looks. */
export interface FreshnessJudge {
  judge(lease: Lease): Freshness;
  /** A Lease looked stale by the clock and has been seen once only: another look would tell whether the clocks disagree. */
  readonly doubtful: boolean;
}

/** Clocks that differ by more are not a matter of a few seconds' second look. */
const MOST_SKEW_MS = 3_600_000;

/**
 * A Lease is fresh while its holder renews it. At the first look its own times tell, by our clock. Another machine wrote them: so a Lease that
 * changes between two looks is fresh whatever its times say, and one that does not change for its duration is not.
 */
export function createFreshnessJudge(wall: () => number, monotonic: () => number): FreshnessJudge {
  const looks = new Map<string, { renewTime: string; since: number; changed: boolean }>();
  let doubtful = false;
  return {
    get doubtful() {
      return doubtful;
    },
    judge: ({ metadata, spec }) => {
      const { holderIdentity: holder, renewTime = '', leaseDurationSeconds = 15 } = spec ?? {};
      if (!holder) return { fresh: false, why: 'was given up by its holder' };
      const name = metadata?.name ?? '';
      const before = looks.get(name);
      const changed = before !== undefined && before.renewTime !== renewTime;
      const look = before === undefined || changed ? { renewTime, since: monotonic(), changed } : before;
      looks.set(name, look);
      const lasts = leaseDurationSeconds * 1000;
      const ageMs = wall() - Date.parse(renewTime);
      const alive = look.changed || (ageMs < lasts && ageMs > -lasts);
      if (alive && monotonic() - look.since < lasts) return { fresh: true, holder, ageMs: Math.max(0, ageMs) };
      doubtful ||= before === undefined && Math.abs(ageMs) < MOST_SKEW_MS;
      return {
        fresh: false,
        why: Number.isNaN(ageMs) ? 'was never renewed' : `was not renewed for ${Math.round(ageMs / 1000)} s by ${holder}`,
      };
    },
  };
}
