import { describe, expect, it } from 'vitest';
import { groupByStack, ownFrame, parseGoroutineDumps, receiverAddress, waitedMutex, type Goroutine } from './index.ts';
import { readFixture } from './read-fixture.ts';

const goroutinesOf = (text: string): Goroutine[] => parseGoroutineDumps(text).dumps[0]?.goroutines ?? [];
const one = (text: string): Goroutine => {
  const [goroutine] = goroutinesOf(text);
  if (!goroutine) throw new Error('no goroutine');
  return goroutine;
};

describe('queries', () => {
  it('find the mutex by Lock, by lockSlow where Lock was inlined, and not in a value that may be stale', () => {
    const go126 =
      'goroutine 7 [sync.Mutex.Lock]:\ninternal/sync.runtime_SemacquireMutex(0x1?, 0x0?, 0x0?)\n\tsema.go:95\ninternal/sync.(*Mutex).lockSlow(0xc00001)\n\tmutex.go:149\nsync.(*Mutex).Lock(...)\n\tmutex.go:46\nmain.(*T).F(0xc00000)\n\tx.go:1\n';
    expect(waitedMutex(one(go126))).toBe('0xc00001');
    expect(waitedMutex(one(go126.replace('0xc00001', '0xc00001?')))).toBeUndefined();
    expect(waitedMutex(one(go126.replace('[sync.Mutex.Lock]', '[chan receive]')))).toBeUndefined();
    const go110 =
      'goroutine 7 [semacquire, 9 minutes]:\nsync.runtime_SemacquireMutex(0xc00005, 0x0)\n\tsema.go:71\nsync.(*Mutex).Lock(0xc00001)\n\tmutex.go:134\nmain.(*T).F(0xc00000)\n\tx.go:1\n';
    expect(waitedMutex(one(go110))).toBe('0xc00001');
    expect(
      waitedMutex(
        one('goroutine 7 [semacquire]:\nsync.runtime_Semacquire(0xc00005)\n\tsema.go:1\nsync.(*WaitGroup).Wait(0xc00001)\n\twg.go:1\n'),
      ),
    ).toBeUndefined();
  });

  it('give the receiver of a call on a pointer only', () => {
    const frames = one(
      'goroutine 1 [running]:\na.(*T).F(0xc1, 0x2)\n\tx.go:1\na.T.F(0xc1)\n\tx.go:2\na.f(0xc1)\n\tx.go:3\na.(*T).F(0xc1?)\n\tx.go:4\na.(*T).F(...)\n\tx.go:5\n',
    ).frames;
    expect(frames.map(receiverAddress)).toEqual(['0xc1', undefined, undefined, undefined, undefined]);
  });

  it('group a real dump by where its goroutines stand', () => {
    const goroutines = goroutinesOf(readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz'));
    const groups = groupByStack(goroutines);
    expect(groups.reduce((sum, group) => sum + group.goroutines.length, 0)).toBe(goroutines.length);
    expect(groups[0]).toMatchObject({ state: 'sync.Mutex.Lock', goroutines: { length: 51 } });
    expect(ownFrame(groups[0]?.goroutines[0] as Goroutine)).toMatchObject({ receiver: 'Init', method: 'Status' });
  });
});
