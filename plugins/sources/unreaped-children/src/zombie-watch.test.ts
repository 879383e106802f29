import type { ProcStat } from '@kdr/linux';
import { describe, expect, it } from 'vitest';
import { createZombieWatch } from './zombie-watch.ts';

const stat = (pid: number, ppid: number, state: string, startTicks = '5', numThreads = 1) =>
  ({ pid, ppid, state, startTicks, numThreads, comm: 'x' }) as unknown as ProcStat;
const table = (...stats: ProcStat[]) => new Map(stats.map((one) => [one.pid, one]));

describe('watching zombies', () => {
  it('says nothing until one has waited for the threshold', () => {
    const watch = createZombieWatch(60_000);
    const processes = table(stat(10, 2, 'S'), stat(11, 10, 'Z'));
    expect(watch.look(processes, 0)).toEqual([]);
    expect(watch.look(processes, 59_999)).toEqual([]);
    expect(watch.look(processes, 60_000)).toMatchObject([{ parent: { pid: 10 }, pids: [11], oldestMs: 60_000 }]);
  });

  it('starts again for another process with the same pid', () => {
    const watch = createZombieWatch(1_000);
    watch.look(table(stat(10, 2, 'S'), stat(11, 10, 'Z', '5')), 0);
    expect(watch.look(table(stat(10, 2, 'S'), stat(11, 10, 'Z', '6')), 2_000)).toEqual([]);
  });

  it('forgets a zombie that was reaped', () => {
    const watch = createZombieWatch(1_000);
    watch.look(table(stat(10, 2, 'S'), stat(11, 10, 'Z')), 0);
    watch.look(table(stat(10, 2, 'S')), 500);
    expect(watch.look(table(stat(10, 2, 'S'), stat(11, 10, 'Z')), 1_500)).toEqual([]);
  });

  it('groups by parent, and leaves out pid 1 and parents that are zombies themselves', () => {
    const watch = createZombieWatch(0);
    const processes = table(
      stat(1, 0, 'S'),
      stat(10, 2, 'S'),
      stat(11, 10, 'Z'),
      stat(12, 10, 'Z'),
      stat(13, 1, 'Z'),
      stat(20, 2, 'Z'),
      stat(21, 20, 'Z'),
    );
    expect(watch.look(processes, 0).map((group) => [group.parent.pid, group.pids])).toEqual([[10, [11, 12]]]);
  });

  it('leaves out a program whose main thread alone has ended: nobody can reap it yet', () => {
    const watch = createZombieWatch(0);
    expect(watch.look(table(stat(10, 2, 'S'), stat(11, 10, 'Z', '5', 2)), 0)).toEqual([]);
  });
});
