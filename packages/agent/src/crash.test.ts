import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCrashProxy } from './testing/crash-proxy.ts';
import type { CrashProxy } from './testing/crash-proxy.ts';
import { diagnoserOf, identified, recovererOf, testFault } from './testing/plugins.ts';
import type { TestFault } from './testing/plugins.ts';
import { createWorld } from './testing/world.ts';
import type { AgentProgram, World } from './testing/world.ts';

// The agent is a program that is killed with SIGKILL; API server, plugins and the master's part survive.
let world: World;
let proxy: CrashProxy;
const fault: TestFault = { present: true, target: { kind: 'Process' }, asked: [], acts: [] };
let effects = 0;
let killAt: string | undefined;
let program: AgentProgram;
let runs = 0;

/** Kills the agent while this call is under way. The answer goes to nobody. */
const point = async (name: string): Promise<void> => {
  if (killAt !== name) return;
  killAt = undefined;
  await program.kill();
};

beforeAll(async () => {
  world = await createWorld();
  proxy = await createCrashProxy(world.server);
  await world.policy('auto', { mode: 'Auto', soakSeconds: 0 });
  const look = (purpose: string) => async () => {
    await point(purpose);
    return fault.present ? identified(fault) : ({ outcome: 'NotIdentified', reason: 'it is gone' } as const);
  };
  const act = async () => {
    await point('Act, before the effect');
    effects += 1;
    fault.present = false;
    await point('Act, after the effect');
    return { outcome: 'Acted' as const, actions: [{ action: 'EndFault', description: 'ended it' }] };
  };
  const plan = async () => {
    await point('Plan');
    return { outcome: 'Planned' as const, actions: [{ action: 'EndFault', description: 'ends it' }] };
  };
  await world.plugins(
    diagnoserOf(fault, { Diagnose: look('Diagnose'), Confirm: look('Confirm'), Verify: look('Verify') }),
    recovererOf(fault, { act, plan }),
  );
  world.grants();
});
afterAll(async () => {
  await proxy.close();
  await world.close();
});

/** One Abnormal with a fault of its own, an agent that dies as planned, and another one that finds what the first has left. */
async function survive(plan: () => void): Promise<string> {
  Object.assign(fault, testFault(world.victim()));
  effects = 0;
  const name = `crash-${(runs += 1)}`;
  program = world.agentProgram({}, proxy.url);
  plan();
  await world.create(name);
  await expect.poll(() => program.child.signalCode, { timeout: 45_000, message: program.log() }).toBe('SIGKILL');
  program = world.agentProgram({}, proxy.url);
  const { status } = await world.finished(name, 45_000);
  await world.until(name, ({ metadata }) => (metadata.finalizers ?? []).length === 0);
  await program.kill();
  const ledger = status?.recovery?.attempts ?? [];
  expect(ledger.filter(({ outcome }) => outcome === 'Acted')).toHaveLength(1);
  expect(ledger.every(({ outcome }) => outcome === 'Acted' || outcome === 'NotDone')).toBe(true);
  expect(new Set(fault.acts).size).toBe(fault.acts.length);
  return `${status?.phase}/${status?.reason}`;
}

describe('an agent that is killed', { timeout: 120_000 }, () => {
  it.each(['Diagnose', 'Plan', 'Confirm', 'Act, before the effect', 'Act, after the effect', 'Verify'])(
    'during %s: its successor ends the work, with one effect',
    async (name) => {
      expect(await survive(() => (killAt = name))).toBe('Succeeded/Recovered');
      expect(effects).toBe(1);
    },
  );

  // take, Diagnosing, Recovering with the proposal, finalizer, intent, end, finalizer off
  const writes = [1, 2, 3, 4, 5, 6, 7].flatMap((n) => [[n, 'before'] as const, [n, 'after'] as const]);
  it.each(writes)('at its write %i, %s the server has carried it out: its successor ends the work, with one effect', async (n, when) => {
    expect(await survive(() => proxy.crashAt(n, when, () => void program.child.kill('SIGKILL')))).toBe('Succeeded/Recovered');
    expect(effects).toBe(1);
  });
});
