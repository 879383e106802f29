import { describe, expect, it } from 'vitest';
import { type Check, failed, ok } from './check.ts';
import { createFreshnessJudge } from './freshness.ts';
import { lookUntilFine } from './wait.ts';

const leases = createFreshnessJudge(
  () => 0,
  () => 0,
);
const never = new AbortController().signal;

/** Looks that come out as given, the last one again and again. */
function looks(...results: Check[][]) {
  let next = 0;
  return () => Promise.resolve(results[Math.min(next++, results.length - 1)] ?? []);
}

describe('waiting until everything is fine', () => {
  it('says what changed, once, and ends with the first good look', async () => {
    const said: string[] = [];
    const onChange = (changed: Check[]) => said.push(changed.map((one) => one.message).join(', '));
    const bad = failed('a', 'silent for 9 s');
    const result = await lookUntilFine(
      looks([bad, ok('b', 'there')], [failed('a', 'silent for 11 s'), ok('b', 'there')], [ok('a', 'here')]),
      leases,
      {
        ...{ waitMs: 60_000, signal: never, onChange },
      },
    );
    expect([result, said]).toEqual([[ok('a', 'here')], ['silent for 9 s, there']]);
  });

  it('looks once where it shall not wait, and gives the last look when the time is over', async () => {
    let count = 0;
    const look = () => Promise.resolve([failed('a', String(++count))]);
    expect(await lookUntilFine(look, leases, { waitMs: 0, signal: never, onChange: () => undefined })).toEqual([failed('a', '1')]);
    const last = await lookUntilFine(look, leases, { waitMs: 100, signal: never, onChange: () => undefined });
    // A timer may fire a millisecond early: then there is one look more.
    expect(count).toBeGreaterThan(2);
    expect(last).toEqual([failed('a', String(count))]);
  });

  it('ends at once when it is interrupted, also while a look hangs', async () => {
    const stop = new AbortController();
    const hanging = lookUntilFine(() => new Promise(() => undefined), leases, {
      waitMs: 60_000,
      signal: stop.signal,
      onChange: () => undefined,
    });
    stop.abort();
    expect(await hanging).toBe(undefined);
  });
});
