import type { Grant } from '@kdr/api-types';
import { describe, expect, it } from 'vitest';
import { createGrantValidity } from './grant-validity.ts';
import { createWaitingTime } from './waiting-time.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number): string => new Date(START + ms).toISOString();
const grant: Grant = { proposalId: 'p', decision: 'Granted', reason: 'Granted', trace: [], decidedAt: at(0), expiresAt: at(60_000) };
function clock() {
  const state = { mono: 0, wall: START };
  return { state, now: () => state.mono, date: () => new Date(state.wall) };
}

describe('a grant', () => {
  it('that was seen to arrive is as old as the monotonic clock says, whatever the wall clocks do', () => {
    const time = clock();
    const validity = createGrantValidity(time);
    validity.observe('u', undefined);
    time.state.wall += 3_600_000; // this node is an hour ahead of the master
    validity.observe('u', grant);
    expect(validity.isValid('u', grant)).toBe(true);
    time.state.mono += 61_000;
    expect(validity.isValid('u', grant)).toBe(false);
  });

  it('that was there before this process is measured by the wall clock', () => {
    const time = clock();
    const validity = createGrantValidity(time);
    time.state.wall += 61_000;
    validity.observe('u', grant);
    expect(validity.isValid('u', grant)).toBe(false);
  });

  it('is none where it was refused or is still waited for', () => {
    const validity = createGrantValidity(clock());
    expect(
      [undefined, { ...grant, decision: 'Waiting' as const }, { ...grant, decision: 'Withdrawn' as const }].map((each) =>
        validity.isValid('u', each),
      ),
    ).toEqual([false, false, false]);
  });
});

describe('waiting', () => {
  it('is not prolonged or ended by a step of the wall clock', () => {
    const time = clock();
    const waiting = createWaitingTime(time);
    time.state.wall += 5_000;
    expect(waiting.elapsedMs('u', at(0))).toBe(5_000);
    time.state.wall -= 3_600_000;
    time.state.mono += 1_000;
    expect(waiting.elapsedMs('u', at(0))).toBe(6_000);
    expect(waiting.elapsedMs('u', at(3_600_000))).toBe(0);
  });
});
