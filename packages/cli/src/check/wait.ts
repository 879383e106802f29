import { sleep, systemClock } from '@kdr/controller-runtime';
import type { Check } from './check.ts';
import type { FreshnessJudge } from './freshness.ts';
import { allFine } from './report.ts';

/** Between two looks. */
const PAUSE_MS = 2_000;
/** An agent renews its Lease every 5 s ± 10 %: after this a live one has changed. */
const SECOND_LOOK_MS = 6_000;

/** How long to look, and who hears of it. */
export interface Patience {
  /** 0: look once (twice where clocks may disagree). */
  waitMs: number;
  signal: AbortSignal;
  /** What looks different from the last time; not called for the last look. */
  onChange(changed: Check[]): void;
}

/**
 * Looks until everything is fine or the time is over.
 * @returns the last look, or undefined where the signal aborted.
 */
export async function lookUntilFine(
  look: () => Promise<Check[]>,
  leases: FreshnessJudge,
  { waitMs, signal, onChange }: Patience,
): Promise<Check[] | undefined> {
  const aborted = new Promise<undefined>((done) => {
    if (signal.aborted) done(undefined);
    signal.addEventListener('abort', () => done(undefined), { once: true });
  });
  const end = systemClock.now() + waitMs;
  const said = new Map<string, string>();
  for (let looks = 1; ; looks += 1) {
    const checks = await Promise.race([look(), aborted]);
    if (checks === undefined || signal.aborted) return undefined;
    const doubtful = waitMs === 0 && looks === 1 && leases.doubtful;
    if (allFine(checks) || (systemClock.now() >= end && !doubtful)) return checks;
    const changed = checks.filter((one) => one.verdict !== 'off' && said.get(one.name) !== `${one.verdict} ${stable(one.message)}`);
    for (const one of changed) said.set(one.name, `${one.verdict} ${stable(one.message)}`);
    if (waitMs > 0 && changed.length > 0) onChange(changed);
    await sleep(systemClock, doubtful ? SECOND_LOOK_MS : Math.min(PAUSE_MS, Math.max(0, end - systemClock.now())), signal);
  }
}

/** Seconds that go on counting are no news. */
const stable = (message: string) => message.replace(/\d+ s\b/g, '');
