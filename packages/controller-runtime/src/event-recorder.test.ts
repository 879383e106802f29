import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { createEventRecorder } from './event-recorder.ts';
import type { CoreEvent, EventRecorder, EventRecorderOptions } from './event-recorder.ts';
import type { ObjectList, ObjectReference } from './kubernetes-object.ts';
import { silentLogger } from './logger.ts';
import { eventType } from './resource-type.ts';
import { sendStatus, startFaultServer } from './testing/fault-server.ts';
import type { FaultServer } from './testing/fault-server.ts';
import { createJumpingClock } from './testing/virtual-clock.ts';
import type { JumpingClock } from './testing/virtual-clock.ts';

const about = (name: string, namespace: string | undefined = 'a'): ObjectReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  namespace,
  name,
  uid: `uid-${name}`,
});

describe('the event recorder', () => {
  let server: FaultServer;
  let client: ApiClient;
  let clock: JumpingClock;
  let metrics: Registry;
  const recorder = (options: Partial<EventRecorderOptions> = {}): EventRecorder =>
    createEventRecorder({ client, component: 'tester', host: 'n1', logger: silentLogger(), clock, metrics, ...options });
  const events = async (): Promise<CoreEvent[]> => ((await client.list(eventType)) as ObjectList<CoreEvent>).items;
  const writes = (): number => server.seen.filter(({ verb }) => verb === 'CREATE' || verb === 'PATCH').length;

  beforeEach(async () => {
    server = await startFaultServer();
    client = createApiClient({ server: server.url }, { requestTimeoutMs: 5_000 });
    clock = createJumpingClock();
    metrics = new Registry();
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  it('writes a core Event into the namespace of the object, or into default', async () => {
    const events1 = recorder();
    events1.event(about('p'), 'Warning', 'Broken', 'it broke');
    events1.event({ kind: 'Node', name: 'n1' }, 'Normal', 'Fine', 'it is fine');
    await events1.flush();
    const [first, second] = await events();
    expect(first).toMatchObject({
      metadata: { namespace: 'a' },
      involvedObject: about('p'),
      type: 'Warning',
      reason: 'Broken',
      message: 'it broke',
      count: 1,
      firstTimestamp: '2023-11-14T22:13:20Z',
      source: { component: 'tester', host: 'n1' },
    });
    expect(first?.metadata?.name).toMatch(/^p\.[0-9a-f]+$/);
    expect(second?.metadata?.namespace).toBe('default');
  });

  it('counts repetitions in one Event, those that wait and those that come later', async () => {
    const record = recorder();
    for (let i = 0; i < 5; i += 1) record.event(about('p'), 'Warning', 'Broken', 'it broke');
    await record.flush();
    record.event(about('p'), 'Warning', 'Broken', 'it broke');
    record.event(about('q'), 'Warning', 'Broken', 'it broke');
    await record.flush();
    const counts = (await events()).map((event) => [event.involvedObject.name, event.count]);
    expect(counts).toEqual([
      ['p', 6],
      ['q', 1],
    ]);
    expect(writes()).toBe(3);
  });

  it('creates the Event anew when the first has expired', async () => {
    const record = recorder();
    record.event(about('p'), 'Normal', 'Fine', 'x');
    await record.flush();
    const [old] = await events();
    server.remove('/api/v1/namespaces/a/events', old?.metadata?.name ?? '');
    record.event(about('p'), 'Normal', 'Fine', 'x');
    await record.flush();
    expect((await events()).map(({ count }) => count)).toEqual([1]);
  });

  it('combines more than ten different messages of one reason, and limits what one object may say', async () => {
    const record = recorder();
    for (let i = 0; i < 40; i += 1) record.event(about('p'), 'Warning', 'Broken', `attempt ${i}`);
    await record.flush();
    const written = await events();
    expect(written).toHaveLength(11);
    const combined = written.filter(({ message }) => message.startsWith('(combined from similar events): '));
    expect(combined.map(({ count }) => count)).toEqual([15]);
    expect(await metrics.metrics()).toContain('events_dropped_total{reason="object_rate"} 15');
  });

  it('keeps within its rate, and drops and counts what does not fit into the queue', async () => {
    const record = recorder({ qps: 10, burst: 2, maxQueued: 5 });
    for (let i = 0; i < 8; i += 1) record.event(about(`p${i}`), 'Normal', 'Fine', 'x');
    await record.flush();
    expect(await events()).toHaveLength(5);
    expect(clock.pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(300);
    expect(await metrics.metrics()).toContain('events_dropped_total{reason="queue_full"} 3');
  });

  it('does not hold a stopping process by its rate: what is late is dropped and counted', async () => {
    const record = createEventRecorder({ client, component: 'tester', logger: silentLogger(), metrics, qps: 0.01, burst: 1 });
    for (let i = 0; i < 5; i += 1) record.event(about(`p${i}`), 'Normal', 'Fine', 'x');
    await record.flush(300);
    expect(await events()).toHaveLength(1);
    expect(await metrics.metrics()).toContain('events_dropped_total{reason="stopped"} 4');
  });

  it('tries again when the server is in trouble, then drops and counts; a refusal is dropped at once', async () => {
    const record = recorder();
    server.next(
      'CREATE',
      ({ socket }) => socket.destroy(),
      ({ response }) => sendStatus(response, 500, 'InternalError', 'x'),
    );
    record.event(about('p'), 'Normal', 'Fine', 'x');
    await record.flush();
    expect(await events()).toHaveLength(1);
    server.always('CREATE', ({ response }) => sendStatus(response, 403, 'Forbidden', 'namespace is terminating'));
    record.event(about('q'), 'Normal', 'Fine', 'x');
    await record.flush();
    server.always('CREATE', ({ response }) => sendStatus(response, 500, 'InternalError', 'x'));
    record.event(about('r'), 'Normal', 'Fine', 'x');
    await record.flush();
    const text = await metrics.metrics();
    expect(text).toContain('events_dropped_total{reason="refused"} 1');
    expect(text).toContain('events_dropped_total{reason="unreachable"} 1');
  });

  it('writes one Event when the answer of the create is lost', async () => {
    const record = recorder();
    server.next('CREATE', ({ serve, response, socket }) => {
      response.end = () => response;
      serve();
      socket.destroy();
    });
    record.event(about('p'), 'Normal', 'Fine', 'x');
    await record.flush();
    expect(await events()).toHaveLength(1);
  });

  it('cuts a long message at 1 KiB without breaking a character', async () => {
    const record = recorder();
    record.event(about('p'), 'Normal', 'Long', 'ü'.repeat(2_000));
    await record.flush();
    const [event] = await events();
    expect(Buffer.byteLength(event?.message ?? '')).toBeLessThanOrEqual(1_024);
    expect(event?.message).toMatch(/^ü+…$/);
  });
});
