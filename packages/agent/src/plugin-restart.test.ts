import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@kdr/controller-runtime';
import { serve } from '@kdr/plugin-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnoserOf, recovererOf, testFault } from './testing/plugins.ts';
import type { TestFault } from './testing/plugins.ts';
import { createWorld } from './testing/world.ts';
import type { World } from './testing/world.ts';

let world: World;
let fault: TestFault;
let again: { close: () => Promise<void> } | undefined;

beforeEach(async () => {
  world = await createWorld();
  fault = testFault(world.victim());
  again = undefined;
});
afterEach(async () => {
  await again?.close();
  await world.close();
});

/** The same plugin on the same socket, as a container that was started again. */
async function comeBack(plugin: ReturnType<typeof diagnoserOf>): Promise<void> {
  again = await serve({
    plugins: [plugin],
    directory: join(world.directory, 'plugins'),
    attemptsDirectory: join(world.directory, 'attempts'),
    logger: silentLogger(),
    exitOnSignal: false,
  });
}

describe('a plugin whose container restarts', () => {
  it('is waited for by the recovery that asks for its plan', async () => {
    const recoverer = recovererOf(fault);
    await world.plugins(diagnoserOf(fault));
    const end = await world.plugins(recoverer);
    world.grants();
    await world.agent({ readyGraceMs: 15_000, retries: 1 });
    await end();
    await world.create('a');
    await delay(1_000);
    expect((await world.read('a')).status).not.toMatchObject({ phase: 'Failed' });
    await comeBack(recoverer);
    expect((await world.finished('a', 15_000)).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(fault.acts).toHaveLength(1);
  });

  it('is waited for in the first stage, where it is the only diagnoser', async () => {
    const diagnoser = diagnoserOf(fault);
    await world.plugins(recovererOf(fault));
    const end = await world.plugins(diagnoser);
    world.grants();
    await world.agent({ readyGraceMs: 15_000, retries: 1 });
    await end();
    await world.create('a');
    await delay(1_000);
    await comeBack(diagnoser);
    expect((await world.finished('a', 15_000)).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
  });

  it('is waited for where it must confirm', async () => {
    const diagnoser = diagnoserOf(fault);
    await world.plugins(recovererOf(fault));
    const end = await world.plugins(diagnoser);
    let back: Promise<void> | undefined;
    await world.agent({ readyGraceMs: 15_000, retries: 1 });
    await world.create('a');
    await world.until('a', ({ status }) => status?.recovery?.proposal !== undefined);
    await end();
    world.grants(() => {
      back ??= delay(1_000).then(() => comeBack(diagnoser));
      return {};
    });
    expect((await world.finished('a', 15_000)).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    await back;
  });

  it('is passed over when it stays away, and that is what is said', async () => {
    await world.plugins(diagnoserOf(fault));
    const end = await world.plugins(recovererOf(fault));
    await world.agent({ readyGraceMs: 1_500 });
    await end();
    await world.create('a');
    const said = expect.stringMatching(/^it is not ready: KDR_PLUGIN_UNREACHABLE/) as string;
    expect((await world.finished('a', 15_000)).status).toMatchObject({
      phase: 'Failed',
      reason: 'NoRecovererLeft',
      message: expect.stringMatching(/^test-recoverer: it is not ready/) as string,
      recovery: { passedOver: [{ recoverer: 'test-recoverer', outcome: 'PassedOver', reason: said }] },
    });
    expect(fault.acts).toEqual([]);
  });
});
