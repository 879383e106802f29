import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { becomesTrue } from '../faults/waiting.ts';
import {
  type SignalCount,
  buildShim,
  countSignals,
  execLoops,
  fixedShimUnderBurst,
  shimWithoutHandler,
  startShimContainer,
  stopShim,
} from '../faults/index.ts';
import { FAULT, type ShimStage, openShimStage } from './shim-stage.ts';

let stage: ShimStage;
let affected: string;
let fixed: string;
let asked: SignalCount;
/** Who must not be sent SIGUSR1. */
const notAsked: number[] = [];
const askedOnce: number[] = [];

beforeAll(async () => {
  stage = await openShimStage();
  affected = await buildShim({ version: 'v1.2.0', api: 'runc-v1' });
  fixed = await buildShim({ version: 'v1.2.10', api: 'runc-v1' });
  asked = await countSignals({ directory: stage.scene.directory, signal: 'SIGUSR1' });
}, 300_000);
afterAll(async () => {
  await asked?.stop().catch(() => undefined);
  await stage?.close();
});

/** `kdr diagnose --pid`, allowed to signal; gives the reason why it is not the deadlock. */
async function whyNot(pid: number): Promise<string> {
  await stage.scene.allow(pid, { mode: 'Auto', intrusiveDiagnosis: 'Allow' });
  const { stdout, stderr } = await stage.scene.kdr(['diagnose', '--pid', String(pid), '--fault', FAULT, '--timeout', '55']);
  const reason = /containerd-shim-deadlock: NotIdentified: (.*)/.exec(stdout)?.[1] ?? `${stdout}\n${stderr}`;
  return stdout.includes('Failed (NotIdentified)') ? reason : `not refused: ${reason}`;
}

describe('what hangs or looks like a shim, and is not the deadlock', { timeout: 180_000 }, () => {
  it('a healthy shim of the same build: its loop is alive', async () => {
    const container = await startShimContainer(stage.containerd, { id: 'healthy', shim: affected });
    askedOnce.push(container.shimPid);
    expect(await whyNot(container.shimPid)).toMatch(/^Idle and healthy/);
  });

  it('a stopped shim: it is stopped, and nothing is sent to it', async () => {
    const container = await startShimContainer(stage.containerd, { id: 'stopped', shim: affected });
    notAsked.push(container.shimPid);
    const { resume } = await stopShim(container);
    onTestFinished(resume);
    expect(await whyNot(container.shimPid)).toMatch(/is stopped by a signal \(state T\).*SIGCONT/);
  });

  it('a shim that is busy with 8 loops of execs: it works', async () => {
    for (let attempt = 1; ; attempt += 1) {
      const container = await startShimContainer(stage.containerd, { id: `busy-${attempt}`, shim: affected });
      const loops = execLoops(container, 8);
      const works = async () => {
        const before = loops.finished();
        return becomesTrue(() => loops.finished() >= before + 4, 5_000);
      };
      onTestFinished(() => loops.stop());
      expect(await works()).toBe(true);
      const reason = await whyNot(container.shimPid);
      const wentOn = await works();
      await loops.stop();
      // An affected shim may really deadlock under this load: what was said of one that did not is what counts.
      if (!wentOn && attempt < 4) continue;
      expect(wentOn).toBe(true);
      expect(reason).toMatch(/^(?:Busy|Idle and healthy|Seen: )/);
      return;
    }
  });

  it(
    'the fixed shim that stalls under the burst which deadlocks an affected one: it is the fixed version',
    { timeout: 300_000 },
    async () => {
      for (let attempt = 1; ; attempt += 1) {
        const burst = await fixedShimUnderBurst(stage.containerd, { id: `fixed-${attempt}`, shim: fixed, execs: 40 + 40 * attempt });
        onTestFinished(() => burst.stop());
        await sleep(2_000);
        const reason = await whyNot(burst.container.shimPid);
        expect((await burst.recovery(120_000)).recovered).toBe(true);
        if (/fixed version/.test(reason)) return;
        // The stall was over before the question came: a longer one is made.
        expect(reason).toMatch(/^(?:Busy|Idle and healthy|Seen: )/);
        expect(attempt, 'it never stalled for long').toBeLessThan(5);
      }
    },
  );

  it.each(['dies', 'silent'] as const)(
    'a “shim” without a handler that prints goroutines (%s): it survives the diagnosis',
    async (kind) => {
      const shim = await shimWithoutHandler(kind);
      onTestFinished(() => shim.stop());
      if (kind === 'dies') notAsked.push(shim.pid);
      expect(await whyNot(shim.pid)).toMatch(kind === 'dies' ? /has no handler for SIGUSR1/ : /DumpLost/);
      expect(shim.isAlive()).toBe(true);
    },
  );

  it('and only those were asked by a signal that answer one', async () => {
    const signals = await asked.stop();
    expect(signals.filter(({ pid }) => notAsked.includes(pid))).toEqual([]);
    for (const one of askedOnce) expect(signals.filter(({ pid }) => pid === one)).toHaveLength(1);
  });
});
