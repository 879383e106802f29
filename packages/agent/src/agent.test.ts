import { API_VERSION, READY_PLUGINS_ANNOTATION, RESOURCES, SYSTEM_NAMESPACE, agentLeaseName } from '@kdr/api-types';
import type { Abnormal, ReadyPlugin } from '@kdr/api-types';
import { eventType, leaseType } from '@kdr/controller-runtime';
import type { CoreEvent, Lease } from '@kdr/controller-runtime';
import { defineCollector, defineDiagnoser } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_OWNER, createWorld } from './testing/world.ts';
import type { World } from './testing/world.ts';
import { diagnoserOf, ended, identified, recovererOf, testFault } from './testing/plugins.ts';
import type { TestFault } from './testing/plugins.ts';

let world: World;
let fault: TestFault;
beforeEach(async () => {
  world = await createWorld();
  fault = testFault(world.victim());
  await world.policy('auto', { mode: 'Auto', soakSeconds: 0 });
});
afterEach(() => world.close());

const conditions = ({ status }: Abnormal) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));

describe('an agent, on a real API server with real plugins', () => {
  it('finds, proves, repairs and verifies a fault with at most 8 writes, and says so', async () => {
    const seen = new Set<string>();
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { object } of world.admin.watch<Abnormal>(RESOURCES.Abnormal, { signal: stop.signal }))
        seen.add(object.metadata.resourceVersion ?? '');
    })().catch(() => undefined);
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants();
    const { metrics } = await world.agent();
    await world.create('a');
    const abnormal = await world.finished('a');
    expect(abnormal.status).toMatchObject({
      phase: 'Succeeded',
      reason: 'Recovered',
      diagnosis: { diagnoser: 'test-diagnoser', cause: 'TestCause' },
    });
    expect(conditions(abnormal)).toEqual({
      InformationCollected: 'True NothingRequired',
      Identified: 'True Identified',
      RecoveryGranted: 'True Granted',
      Recovered: 'True Recovered',
    });
    const attempts = abnormal.status?.recovery?.attempts;
    expect(attempts).toMatchObject([{ recoverer: 'test-recoverer', outcome: 'Acted', verified: true }]);
    expect(fault).toMatchObject({ present: false, asked: ['Diagnose', 'Confirm', 'Verify'], acts: [attempts?.[0]?.id] });
    await world.until('a', ({ metadata }) => (metadata.finalizers ?? []).length === 0);
    stop.abort();
    await watching;
    expect(seen.size - 1).toBeLessThanOrEqual(8);
    expect(await metrics.getSingleMetricAsString('kdr_abnormals_total')).toContain('{phase="Succeeded",reason="Recovered"} 1');
    expect(await metrics.getSingleMetricAsString('kdr_recovery_attempts_total')).toContain(
      '{recoverer="test-recoverer",outcome="Acted"} 1',
    );
  });

  it('tells of it in Events, on the Abnormal and on its pod', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    world.grants();
    const { stop } = await world.agent();
    await world.create('a', { podReference: { namespace: 'default', name: 'p', uid: 'u' } });
    await world.finished('a');
    await stop();
    const { items } = await world.admin.list<CoreEvent>(eventType, { namespace: 'default' });
    const told = items.map(({ involvedObject, reason }) => `${involvedObject.kind} ${reason}`).sort();
    expect(told).toEqual(
      ['Abnormal', 'Pod'].flatMap((kind) => ['Identified', 'Recovered', 'RecoveryProposed'].map((reason) => `${kind} ${reason}`)),
    );
  });

  it('publishes its ready plugins and facts about its node on its Lease', async () => {
    await world.plugins(diagnoserOf(fault));
    await world.register({ name: 'nobody', role: 'recoverer' }, { endpoint: { local: { socket: `${world.directory}/nobody.sock` } } });
    await world.agent({ startGraceMs: 300 });
    const read = () => world.admin.get<Lease>(leaseType, { namespace: SYSTEM_NAMESPACE, name: agentLeaseName('node-1') });
    const plugins = async () => JSON.parse((await read()).metadata?.annotations?.[READY_PLUGINS_ANNOTATION] ?? '[]') as ReadyPlugin[];
    await expect.poll(plugins, { timeout: 8000 }).toMatchObject([
      { kind: 'Diagnoser', name: 'test-diagnoser', ready: true, version: '0.0.0' },
      { kind: 'Recoverer', name: 'nobody', ready: false, message: expect.stringContaining('KDR_PLUGIN_UNREACHABLE') as string },
    ]);
    expect((await read()).metadata?.ownerReferences).toEqual([LEASE_OWNER]);
    expect((await read()).metadata?.annotations).toMatchObject({ 'kdr.dev/boot-id': fault.target.process?.bootId });
  });

  it('touches no Abnormal without a node, or of another one', async () => {
    await world.plugins(diagnoserOf(fault));
    await world.agent();
    await world.create('unbound', { nodeName: '' });
    await world.create('foreign', { nodeName: 'node-2' });
    await world.create('own');
    await world.finished('own');
    expect((await world.read('unbound')).status).toBeUndefined();
    expect((await world.read('foreign')).status).toBeUndefined();
  });

  it('takes an Event about its own Node as the signal of a fault, as a source says', async () => {
    await world.admin.create(RESOURCES.AbnormalSource, {
      apiVersion: API_VERSION,
      kind: 'AbnormalSource',
      metadata: { name: 'deadlocks' },
      spec: { type: 'KubernetesEvent', matchers: [{ label: 'reason', equals: 'KernelDeadlock' }], template: { fault: 'KernelDeadlock' } },
    });
    await world.agent();
    const now = new Date().toISOString().replace(/\.\d+/, '');
    const tell = (name: string, node: string) =>
      world.admin.create(eventType, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: node },
        ...{ type: 'Warning', reason: 'KernelDeadlock', message: 'task blocked', count: 1, source: { component: 'kernel-monitor' } },
        ...{ firstTimestamp: now, lastTimestamp: now },
      });
    await tell('foreign', 'node-2');
    await tell('own', 'node-1');
    const list = async () => (await world.admin.list<Abnormal>(RESOURCES.Abnormal)).items;
    await expect.poll(async () => (await list()).map(({ status }) => status?.reason), { timeout: 8000 }).toEqual(['NotIdentified']);
    const spec = {
      source: 'KubernetesEvent',
      fault: 'KernelDeadlock',
      nodeName: 'node-1',
      objectReference: { kind: 'Node', name: 'node-1' },
    };
    expect((await list())[0]?.spec).toMatchObject(spec);
  });

  it('deletes a finished Abnormal when its time to live is over', async () => {
    await world.agent();
    await world.create('a', { ttlSecondsAfterFinished: 0 });
    await expect.poll(() => world.read('a').catch((error: { reason?: string }) => error.reason), { timeout: 5000 }).toBe('NotFound');
  });
});

it('keeps the record of a repair for as long as the gate counts with it, whatever its time to live', async () => {
  const fault = testFault(world.victim());
  await world.plugins(diagnoserOf(fault), recovererOf(fault));
  const coolDown = { coolDownSeconds: 3, loopBreaker: { attempts: 3, windowSeconds: 1 } };
  await world.admin.patch(RESOURCES.RecoveryPolicy, { name: 'auto' }, { spec: coolDown }, { type: 'merge' });
  world.grants();
  await world.agent();
  await world.create('a', { ttlSecondsAfterFinished: 0 });
  const intentAt = Date.parse((await world.finished('a')).status?.recovery?.attempts?.[0]?.intentAt ?? '');
  await expect.poll(() => world.read('a').catch((error: { reason?: string }) => error.reason), { timeout: 8000 }).toBe('NotFound');
  expect(Date.now() - intentAt).toBeGreaterThanOrEqual(3_000);
});

describe('information', () => {
  const facts = (name: string, more: Partial<Parameters<typeof defineCollector>[0]> = {}) =>
    defineCollector({ name, collect: () => ({ outcome: 'Collected', summary: `facts of ${name}`, data: { from: name } }), ...more });

  it('runs what the spec names and what the diagnosers need, and hands it over', async () => {
    let got: Record<string, unknown> = {};
    const diagnoser = defineDiagnoser({
      name: 'reader',
      needs: ['needed'],
      diagnose: ({ information }) => {
        got = information;
        return { outcome: 'NotIdentified', reason: 'only reads' };
      },
    });
    await world.plugins(diagnoser, facts('needed'), facts('named'), facts('other'));
    await world.agent();
    await world.create('a', { informationCollectors: [{ name: 'named' }] });
    const abnormal = await world.finished('a');
    expect(abnormal.status?.information).toMatchObject([
      { collector: 'named', outcome: 'Collected', summary: 'facts of named', data: { from: 'named' }, requestedBy: 'spec' },
      { collector: 'needed', outcome: 'Collected', requestedBy: 'reader' },
    ]);
    expect(got).toMatchObject({ named: { data: { from: 'named' } }, needed: { summary: 'facts of needed' } });
  });

  it('lets an Abnormal choose nothing of what a collector looks at but its references', async () => {
    const got: unknown[] = [];
    const parameters = Type.Object({ pid: Type.Optional(Type.Integer()) });
    const collect = (context: { parameters: unknown }) => {
      got.push(context.parameters);
      return { outcome: 'Collected', summary: 'seen', data: {} } as const;
    };
    const asking = defineDiagnoser({
      name: 'asking',
      needs: ['gauge'],
      diagnose: async ({ collect }) => {
        await collect('gauge', { pid: 7 }, Type.Object({}));
        return { outcome: 'NotIdentified', reason: 'only reads' };
      },
    });
    await world.plugins(asking, defineCollector({ name: 'gauge', parameters, collect }));
    await world.agent();
    await world.create('a', { parameters: { pid: 1 } });
    await world.finished('a');
    expect(got).toEqual([{}, { pid: 7 }]);
  });

  it('keeps large data in the store of the node and out of the status', async () => {
    let size = 0;
    const diagnoser = defineDiagnoser({
      name: 'reader',
      needs: ['large'],
      diagnose: ({ information }) => {
        size = JSON.stringify(information).length;
        return { outcome: 'NotIdentified', reason: 'only reads' };
      },
    });
    await world.plugins(
      diagnoser,
      facts('large', { collect: () => ({ outcome: 'Collected', summary: 'much', data: { text: 'x'.repeat(100_000) } }) }),
    );
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status?.information?.[0]?.data).toBeUndefined();
    expect(status?.information?.[0]?.summary).toContain("bytes of data in the node's store");
    expect(size).toBeGreaterThan(100_000);
  });

  it.each([
    ['is absent', [], 'CollectorAbsent'],
    ['fails', [facts('wanted', { collect: () => ({ outcome: 'Failed', reason: 'broken', retryable: false }) })], 'CollectorFailed'],
    ['hangs', [facts('wanted', { timeoutSeconds: 1, collect: ({ signal }) => ended(signal) })], 'CollectorTimedOut'],
  ])('fails where a collector that the spec requires %s', async (_, plugins, reason) => {
    await world.plugins(diagnoserOf(fault), ...plugins);
    await world.agent({ retries: 0 });
    await world.create('a', { informationCollectors: [{ name: 'wanted' }] });
    expect((await world.finished('a')).status).toMatchObject({
      phase: 'Failed',
      reason,
      message: expect.stringContaining('wanted') as string,
    });
    expect(fault.asked).toEqual([]);
  });

  it('goes on without an optional one', async () => {
    await world.plugins(diagnoserOf(fault, { Diagnose: () => ({ outcome: 'NotIdentified', reason: 'no' }) }));
    await world.agent();
    await world.create('a', { informationCollectors: [{ name: 'wanted', optional: true }] });
    const { status } = await world.finished('a');
    expect(status).toMatchObject({ reason: 'NotIdentified', information: [{ collector: 'wanted', outcome: 'Absent' }] });
  });

  it('answers what a diagnoser asks back, and records who asked', async () => {
    const asking = defineDiagnoser({
      name: 'asking',
      diagnose: async ({ collect, diagnose }) => {
        const { level } = await collect('gauge', { unit: 'percent' }, Type.Object({ level: Type.Number() }));
        const other = await diagnose('other');
        return { outcome: 'NotIdentified', reason: `level ${level}, other says ${other.outcome}` };
      },
    });
    const other = defineDiagnoser({
      name: 'other',
      match: { faults: ['Never'] },
      diagnose: () => ({ outcome: 'NotIdentified', reason: 'no' }),
    });
    const gauge = facts('gauge', { collect: () => ({ outcome: 'Collected', summary: 'level', data: { level: 7 } }) });
    await world.plugins(asking, other, gauge);
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'asking', outcome: 'NotIdentified', reason: 'level 7, other says NotIdentified' },
      { diagnoser: 'other', outcome: 'NotIdentified', reason: 'asked by asking: no' },
    ]);
    expect(status?.information).toMatchObject([{ collector: 'gauge', outcome: 'Collected', requestedBy: 'asking' }]);
  });

  it('says which collector cannot be asked, in a coded error', async () => {
    const asking = defineDiagnoser({
      name: 'asking',
      diagnose: async ({ collect }) => ({ outcome: 'NotIdentified', reason: JSON.stringify(await collect('nobody', {}, Type.Any())) }),
    });
    await world.plugins(asking);
    await world.agent({ retries: 0 });
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'DiagnosersFailed',
      message: expect.stringContaining('KDR_COLLECT_UNAVAILABLE') as string,
    });
  });
});

describe('diagnosis', () => {
  it('fails as NotIdentified where every diagnoser looked and said no, with their reasons', async () => {
    fault.present = false;
    await world.plugins(diagnoserOf(fault), diagnoserOf(fault, {}, 'another'));
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NotIdentified' });
    expect(status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'another', outcome: 'NotIdentified', reason: 'the fault is not there' },
      { diagnoser: 'test-diagnoser', outcome: 'NotIdentified' },
    ]);
  });

  it('fails as NotIdentified where there is no diagnoser at all', async () => {
    await world.agent();
    await world.create('a');
    const abnormal = await world.finished('a');
    expect(abnormal.status).toMatchObject({
      phase: 'Failed',
      reason: 'NotIdentified',
      message: expect.stringContaining('No diagnoser') as string,
    });
    expect(conditions(abnormal)).toEqual({ InformationCollected: 'True NothingRequired', Identified: 'False NotIdentified' });
  });

  it('passes over a diagnoser without its collectors, and fails where none is left', async () => {
    await world.plugins(diagnoserOf(fault, {}, 'needy', { needs: ['nobody'] }));
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'NoDiagnoserLeft',
      diagnosisAttempts: [{ diagnoser: 'needy', outcome: 'PassedOver', reason: expect.stringContaining('nobody') as string }],
    });
  });

  it('asks the next one where one fails, and stops at the first that identifies it', async () => {
    const broken = diagnoserOf(fault, { Diagnose: () => ({ outcome: 'Failed', reason: 'can not look', retryable: true }) }, 'broken');
    await world.plugins(broken, diagnoserOf(fault, {}, 'finder'), diagnoserOf(fault, {}, 'late'));
    await world.agent();
    await world.create('a', { diagnosers: ['broken', 'unknown', 'finder', 'late'] });
    const { status } = await world.until('a', ({ status }) => status?.phase === 'Recovering' || status?.phase === 'Failed');
    expect(status?.diagnosis?.diagnoser).toBe('finder');
    expect(status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'broken', outcome: 'Failed', reason: 'can not look' },
      { diagnoser: 'unknown', outcome: 'PassedOver' },
    ]);
    expect(fault.asked).toEqual(['Diagnose', 'Diagnose', 'Diagnose', 'Diagnose']);
  });

  it('does not call an intrusive diagnoser unless a policy allows it', async () => {
    await world.plugins(diagnoserOf(fault, {}, 'signaller', { intrusive: ['Signal'] }));
    await world.agent();
    await world.create('a');
    const { status } = await world.finished('a');
    expect(status).toMatchObject({
      reason: 'DiagnosersFailed',
      diagnosisAttempts: [{ outcome: 'PassedOver', reason: expect.stringContaining('intrusive') as string }],
    });
    expect(fault.asked).toEqual([]);
  });

  it('is stopped by a cancellation before anything acted', async () => {
    await world.plugins(diagnoserOf(fault), recovererOf(fault));
    await world.agent();
    await world.create('a');
    await world.until('a', ({ status }) => status?.phase === 'Recovering');
    await world.admin.patch(RESOURCES.Abnormal, { namespace: 'default', name: 'a' }, { spec: { cancel: true } }, { type: 'merge' });
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'Cancelled' });
    expect(fault.acts).toEqual([]);
  });

  it('is Failed/TimedOut when its time of work is over', async () => {
    const slow = diagnoserOf(fault, { Diagnose: ended });
    await world.plugins(slow);
    await world.agent({ diagnosisSeconds: 1 });
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
  });
});

describe('identity', () => {
  it('does not take a diagnosis whose target has no identity', async () => {
    await world.plugins(
      diagnoserOf(fault, { Diagnose: () => ({ ...identified(fault), target: { kind: 'Pod' } }) as ReturnType<typeof identified> }),
    );
    await world.agent();
    await world.create('a');
    expect((await world.finished('a')).status).toMatchObject({
      reason: 'DiagnosersFailed',
      message: expect.stringContaining('no identity') as string,
    });
  });
});
