import { describe, expect, it } from 'vitest';
import { createReadiness } from './readiness.ts';
import { createTurns } from './turns.ts';

describe('turns at a plugin', () => {
  it('are given in order, as many at once as it takes', async () => {
    const turns = createTurns(2);
    const signal = new AbortController().signal;
    const [first, second] = [turns.tryTake(), turns.tryTake()];
    expect(turns.tryTake()).toBeUndefined();
    const order: number[] = [];
    const waiting = [1, 2].map((n) => turns.take(signal).then((release) => (order.push(n), release)));
    expect(turns.waiting).toBe(2);
    first?.();
    first?.(); // twice is once
    await waiting[0];
    expect(order).toEqual([1]);
    second?.();
    await waiting[1];
    expect(order).toEqual([1, 2]);
  });

  it('can be given up', async () => {
    const turns = createTurns(1);
    const release = turns.tryTake();
    const leave = new AbortController();
    const waiting = turns.take(leave.signal);
    leave.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    release?.();
    expect(turns.tryTake()).toBeDefined();
  });
});

describe('readiness', () => {
  it('is lost by probes, and by calls that time out in a row; then it comes back after a while', () => {
    let now = 0;
    let changes = 0;
    const readiness = createReadiness({ ready: false, reason: 'new' }, { now: () => now }, () => (changes += 1));
    readiness.probed({ ready: true });
    expect(readiness.now).toEqual({ ready: true });
    for (const inTime of [false, false, false, true, false, false, false]) readiness.called(inTime);
    expect(readiness.now.ready).toBe(true);
    readiness.called(false);
    readiness.probed({ ready: true });
    expect(readiness.now).toMatchObject({ ready: false, reason: expect.stringContaining('in a row') as string });
    now += 30_000;
    expect(readiness.now.ready).toBe(true);
    expect(changes).toBe(2);
  });

  it('is waited for so long after it was lost, and no longer; one that is skipped or gone for good is not', () => {
    let now = 0;
    const away = { ready: false, reason: 'refused' } as const;
    const readiness = createReadiness(away, { now: () => now }, () => undefined, 20_000);
    const after = (ms: number) => ((now += ms), readiness.patienceMs);
    expect(after(5_000)).toBe(15_000); // new, and never ready so far
    readiness.probed({ ready: true });
    expect(readiness.patienceMs).toBe(0);
    now += 100_000;
    readiness.probed(away);
    expect(after(1_000)).toBe(19_000);
    readiness.probed(away);
    expect(after(18_000)).toBe(1_000);
    expect(after(18_000)).toBe(0);
    readiness.probed({ ready: true });
    for (let n = 0; n < 4; n += 1) readiness.called(false);
    expect([readiness.now.ready, readiness.patienceMs]).toEqual([false, 0]);
    readiness.probed({ ...away, forGood: true });
    expect(readiness.patienceMs).toBe(0);
  });
});
