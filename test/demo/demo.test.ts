import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { countSignals, ensureRuntime, startNonReapingParent } from '../faults/index.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { type Clone, type DemoRun, freshClone, makeUser, startDemo } from './clone.ts';
import { type Watch, watchDemo } from './leftovers.ts';

let clone: Clone;
let traces: string;

beforeAll(async () => {
  await ensureRuntime();
  clone = freshClone();
  traces = mkdtempSync('/tmp/kdr-traces-');
}, 600_000);
afterAll(() => {
  clone?.remove();
  rmSync(traces, { recursive: true, force: true });
});

/** Starts it; a failing test does not leave it running. */
function demo(where: Clone, args: string[] = []): DemoRun & Watch {
  const run = startDemo(where, args);
  onTestFinished(async () => {
    if (run.process.exitCode !== null || run.process.signalCode !== null) return;
    run.signalGroup('SIGINT');
    await run.ended;
  });
  return { ...run, ...watchDemo(where, run) };
}

const secondsToSucceeded = (output: string) => Number(/([\d.]+) s from the fault to Succeeded/.exec(output)?.[1] ?? NaN);

describe('npm run demo', () => {
  it(
    'as root, from a fresh clone: the real deadlock is found, proven, repaired and verified, and nothing is left',
    { timeout: 600_000 },
    async () => {
      const stranger = await startNonReapingParent({ children: 2, kind: 'counts-term' });
      onTestFinished(() => stranger.stop());
      const signals = await countSignals({ directory: traces });
      onTestFinished(() => void signals.stop().catch(() => undefined));
      const run = demo(clone, ['--yes']);
      const { code } = await run.ended;
      const output = run.output();
      expect(code, output).toBe(0);
      expect(secondsToSucceeded(output)).toBeLessThan(30);
      // The cycle of goroutines closes where it began.
      const cycle = /wait for (?:each|one an)?\s*other:\s+(\d+) → (?:\d+ → )*(\d+)\./.exec(output);
      expect(cycle?.[1], output).toBe(cycle?.[2]);
      expect(output).toContain('containerd-shim-deadlock identifies ContainerdShimReaperDeadlock with high confidence');
      expect(output).toMatch(/KDR also saw, without touching it:[^$]*/);
      expect(output).toContain(`process ${stranger.pid} (`);
      expect(run.leftovers()).toEqual([]);

      const counted = await signals.stop();
      const shim = Number(/in shim (\d+) has moved/.exec(output)?.[1]);
      expect(counted.filter(({ pid, sig }) => pid === shim && sig === 9)).toHaveLength(1);
      expect(counted.filter(({ pid }) => pid === stranger.pid)).toEqual([]);
      expect(stranger.terms()).toBe(0);
      expect(stranger.isAlive()).toBe(true);
    },
  );

  it('as an ordinary user with an empty home, without a terminal and without --yes', { timeout: 600_000 }, async () => {
    const user = makeUser();
    onTestFinished(() => user.remove());
    const own = freshClone({ user, builtAs: clone });
    onTestFinished(() => own.remove());
    const run = demo(own);
    const { code } = await run.ended;
    const output = run.output();
    expect(code, output).toBe(0);
    expect(secondsToSucceeded(output)).toBeLessThan(30);
    expect(output).toContain('containerd-shim-deadlock says NotIdentified');
    expect(output).toContain('unreaped-children identifies ParentDoesNotReap');
    expect(run.leftovers()).toEqual([]);
  });

  it.each([
    ['while KDR starts', 'Starting KDR on this machine'],
    ['while the fault is made', '60 execs at once'],
    ['while it is repaired', 'Intent written down'],
  ])('stopped by Ctrl-C %s leaves nothing', { timeout: 120_000 }, async (_, moment) => {
    const run = demo(clone, ['--yes']);
    await run.says(moment);
    run.signalGroup('SIGINT');
    const stopped = performance.now();
    const { code, signal } = await run.ended;
    expect([code, signal], run.output()).not.toEqual([0, null]);
    // npm may go before the demo has ended: what is left is left only if it stays.
    expect(await becomesTrue(() => run.leftovers().length === 0, 30_000, 250), run.leftovers().join('\n')).toBe(true);
    expect((performance.now() - stopped) / 1000).toBeLessThan(40);
  });

  it('killed by KILL leaves no KDR behind, and the next one takes the rest away', { timeout: 240_000 }, async () => {
    const killed = demo(clone, ['--yes']);
    await killed.says('60 execs at once');
    killed.signalGroup('SIGKILL');
    await killed.ended;
    const platforms = () => killed.leftovers().filter((one) => /^process .* (?:up|--group) /.test(one));
    expect(await becomesTrue(() => platforms().length === 0, 30_000, 250), platforms().join('\n')).toBe(true);
    expect(killed.leftovers()).not.toEqual([]);

    const next = demo(clone, ['--yes']);
    const { code } = await next.ended;
    expect(code, next.output()).toBe(0);
    expect(next.output()).toContain('Took away what an earlier run had left');
    expect([...killed.leftovers(), ...next.leftovers()]).toEqual([]);
  });
});
