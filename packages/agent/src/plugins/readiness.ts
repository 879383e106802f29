/** Whether a plugin may be asked, and why not. `forGood`: it does not come back. */
export type Readiness = { ready: true } | { ready: false; reason: string; forGood?: true };

/** Folds what probes and calls tell about one plugin. */
export interface ReadinessRecord {
  readonly now: Readiness;
  /** How long it may still be waited for, in milliseconds: its probes failed less than the grace ago. 0: it is ready, skipped, or away for good. */
  readonly patienceMs: number;
  /** A probe came back. */
  probed(result: Readiness): void;
  /** Somebody else has found it ready just now: it is worth waiting for anew. */
  announced(): void;
  /** A call came back: with an answer (any), or not in time. */
  called(inTime: boolean): void;
}

/** A plugin that answers its probes but none of its calls is skipped for a while, so that not everyone waits for its deadline. */
const TIMEOUTS_IN_A_ROW = 4;
const SKIPPED_MS = 30_000;

/**
 * @param onChange called when readiness turns.
 * @param graceMs how long after its last good probe, or from the start, a plugin may come back
 */
export function createReadiness(first: Readiness, clock: { now(): number }, onChange: () => void, graceMs = 0): ReadinessRecord {
  let probe = first;
  let awayFrom = clock.now();
  let timeouts = 0;
  let skippedUntil = 0;
  const current = (): Readiness => {
    if (probe.ready && clock.now() < skippedUntil) {
      return { ready: false, reason: `did not answer ${TIMEOUTS_IN_A_ROW} calls in a row in time; it is skipped for a while` };
    }
    return probe;
  };
  const change = (apply: () => void): void => {
    const before = current();
    apply();
    const after = current();
    if (before.ready !== after.ready) onChange();
  };
  return {
    get now() {
      return current();
    },
    get patienceMs() {
      return probe.ready || probe.forGood ? 0 : Math.max(0, awayFrom + graceMs - clock.now());
    },
    probed: (result) =>
      change(() => {
        if (probe.ready) awayFrom = clock.now();
        probe = result;
      }),
    announced: () => {
      awayFrom = clock.now();
    },
    called: (inTime) =>
      change(() => {
        timeouts = inTime ? 0 : timeouts + 1;
        // One more timeout after the pause is enough to skip it again.
        if (timeouts >= TIMEOUTS_IN_A_ROW) skippedUntil = clock.now() + SKIPPED_MS;
      }),
  };
}
