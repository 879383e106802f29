import { createApiClient, createInformer, namespaceType, silentLogger } from '@kdr/controller-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../cluster/index.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { adminAccess } from '../kubernetes/admin-access.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
}, 1_800_000);
afterAll(() => plane?.stop(), 60_000);

it('an informer goes on after a real API server was restarted, whose memory begins after the version that it knows', async () => {
  const client = createApiClient(adminAccess(plane.kubeconfig));
  const informer = createInformer({ client, type: namespaceType, logger: silentLogger() });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  try {
    await informer.synced;
    // While the informer is cut off from what it watches, the rest of the world goes on.
    await plane.apiServer.stop();
    await plane.apiServer.start();
    for (let n = 0; n < 20; n += 1) await plane.kubectl('create', 'configmap', `n-${n}`, '--from-literal=a=b');
    await plane.kubectl('create', 'namespace', 'later');
    expect(await becomesTrue(() => informer.get('later') !== undefined, 30_000)).toBe(true);
  } finally {
    stop.abort();
    await running;
    await client.close();
  }
}, 120_000);
