import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { createController } from './controller.ts';
import { createInformer } from './informer.ts';
import { silentLogger } from './logger.ts';
import { podType } from './resource-type.ts';
import { eventually } from './testing/eventually.ts';
import { startFaultServer } from './testing/fault-server.ts';
import type { FaultServer } from './testing/fault-server.ts';

const logger = silentLogger();
const pods = '/api/v1/namespaces/a/pods';

describe('the controller', () => {
  let server: FaultServer;
  let client: ApiClient;
  let stop: AbortController;
  beforeEach(async () => {
    server = await startFaultServer();
    client = createApiClient({ server: server.url });
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await client.close();
    await server.stop();
  });

  it('reconciles what an informer sees, only after it has synced', async () => {
    server.put(pods, { metadata: { namespace: 'a', name: 'p' } });
    const informer = createInformer({ client, type: podType });
    const seen: string[] = [];
    const controller = createController({
      name: 'c',
      logger,
      reconcile: async (key) => {
        expect(informer.hasSynced).toBe(true);
        seen.push(key);
      },
    });
    controller.watch(informer);
    controller.enqueue('early');
    const running = Promise.all([controller.run(stop.signal), informer.run(stop.signal)]);
    await eventually(() => seen.includes('a/p') && seen.includes('early'), 'both keys were reconciled');
    await eventually(() => server.openWatches === 1, 'it watches');
    server.put(pods, { metadata: { namespace: 'a', name: 'q' } });
    await eventually(() => seen.includes('a/q'), 'the new object was reconciled');
    stop.abort();
    await running;
  });

  it('enqueues the keys of the state before and after a change', async () => {
    server.put(pods, { metadata: { namespace: 'a', name: 'p', labels: { owner: 'x' } } });
    const informer = createInformer({ client, type: podType });
    const seen: string[] = [];
    const controller = createController({ name: 'c', logger, reconcile: async (key) => void seen.push(key) });
    controller.watch(informer, (object) => [object.metadata?.labels?.['owner'] ?? '?']);
    const running = Promise.all([controller.run(stop.signal), informer.run(stop.signal)]);
    await eventually(() => server.openWatches === 1 && seen.length === 1, 'it watches');
    server.put(pods, { metadata: { namespace: 'a', name: 'p', labels: { owner: 'y' } } });
    await eventually(() => seen.length === 3, 'old and new owner were reconciled');
    expect(seen).toEqual(['x', 'y', 'x']);
    stop.abort();
    await running;
  });

  it('repeats what fails with a growing delay, comes back when asked to, and counts the results', async () => {
    const metrics = new Registry();
    const tries = new Map<string, number>();
    const controller = createController({
      name: 'c',
      logger,
      metrics,
      reconcile: async (key) => {
        const count = (tries.get(key) ?? 0) + 1;
        tries.set(key, count);
        if (key === 'fails' && count < 4) throw new Error('not yet');
        return key === 'again' && count < 3 ? { requeueAfterMs: 1 } : undefined;
      },
    });
    const running = controller.run(stop.signal);
    controller.enqueue('fails');
    controller.enqueue('again');
    await eventually(() => tries.get('fails') === 4 && tries.get('again') === 3, 'both came to an end');
    stop.abort();
    await running;
    const text = await metrics.metrics();
    expect(text).toContain('controller_reconcile_total{controller="c",result="error"} 3');
    expect(text).toContain('controller_reconcile_total{controller="c",result="requeue_after"} 2');
    expect(text).toContain('controller_reconcile_total{controller="c",result="success"} 2');
    expect(text).toContain('workqueue_retries_total{name="c"} 3');
  });

  it('works on as many keys at a time as it has workers, never twice on one', async () => {
    const gate = Promise.withResolvers<void>();
    const at: string[] = [];
    let most = 0;
    const controller = createController({
      name: 'c',
      workers: 3,
      logger,
      reconcile: async (key) => {
        expect(at).not.toContain(key);
        at.push(key);
        most = Math.max(most, at.length);
        await gate.promise;
        at.splice(at.indexOf(key), 1);
      },
    });
    const running = controller.run(stop.signal);
    for (const key of ['a', 'b', 'c', 'd', 'a', 'b']) controller.enqueue(key);
    await eventually(() => at.length === 3, 'three are worked on');
    controller.enqueue('a');
    gate.resolve();
    await eventually(() => at.length === 0, 'all is done');
    expect(most).toBe(3);
    stop.abort();
    await running;
  });

  it('lets the work in hand finish when it is stopped, and begins no other', async () => {
    const gate = Promise.withResolvers<void>();
    const finished: string[] = [];
    const controller = createController({
      name: 'c',
      workers: 1,
      logger,
      reconcile: async (key, { signal }) => {
        await gate.promise;
        expect(signal.aborted).toBe(true);
        finished.push(key);
      },
    });
    controller.enqueue('a');
    controller.enqueue('b');
    const running = controller.run(stop.signal);
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    gate.resolve();
    await running;
    expect(finished).toEqual(['a']);
  });
});
