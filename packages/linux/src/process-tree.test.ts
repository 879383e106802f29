import { afterEach, describe, expect, it } from 'vitest';
import { parseProcStat } from './proc-stat.ts';
import { createProcfs } from './procfs.ts';
import { processTree } from './process-tree.ts';
import { eventually } from './testing/eventually.ts';
import { realProcesses } from './testing/real-process.ts';

const procfs = createProcfs();
const processes = realProcesses();
afterEach(() => processes.endAll());

describe('processTree', () => {
  it('shows who is above and below a real process', async () => {
    const { pid } = await processes.start('sh', '-c', 'sh -c "sleep 1000 & wait" & wait');
    const { tree, sleep } = await eventually('two descendants', () => {
      const snapshot = processTree(procfs);
      const found = snapshot.descendantsOf(pid).find(({ comm }) => comm === 'sleep');
      return found && { tree: snapshot, sleep: found };
    });
    expect(tree.childrenOf(process.pid).map((child) => child.pid)).toContain(pid);
    expect(tree.ancestorsOf(sleep.pid).map((ancestor) => ancestor.pid)).toEqual(expect.arrayContaining([pid, process.pid]));
    expect(tree.ancestorsOf(pid)[0]?.pid).toBe(process.pid);
    process.kill(sleep.pid, 'SIGKILL');
  });

  it('groups real zombies by the parent that does not reap them', async () => {
    const { pid } = await processes.start('sh', '-c', 'sleep 0 & sleep 0 & sleep 0 & exec sleep 1000');
    const zombies = await eventually('three zombies', () => {
      const group = processTree(procfs).zombiesByParent().get(pid);
      return group?.length === 3 && group;
    });
    expect(zombies.every(({ state, ppid }) => state === 'Z' && ppid === pid)).toBe(true);
  });

  it('ends on a circle, which reused pids can make of a snapshot', () => {
    const parent = new Map([[2, 3], [3, 4], [4, 2]]); // prettier-ignore
    const tree = processTree({
      pids: () => [...parent.keys()],
      stat: (pid) => parseProcStat(`${pid} (x) S ${parent.get(pid)} 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0`),
    });
    expect(tree.ancestorsOf(2).map(({ pid }) => pid)).toEqual([3, 4]);
    expect(tree.descendantsOf(2).map(({ pid }) => pid)).toEqual([4, 3]);
  });
});
