import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { customResourceDefinitions } from '@kdr/api-types/crd';
import {
  type ApiClient,
  createApiClient,
  customResourceDefinitionType,
  leaseType,
  microTime,
  namespaceType,
  podType,
  silentLogger,
} from '@kdr/controller-runtime';
import { type ApiServer, startApiServer } from '@kdr/embedded-apiserver';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { POD_LABEL, createSource } from './index.ts';

const token = 'token-of-the-test-0123456789';
/** Times of an API server are in whole seconds. */
const QUICK = { KDR_TERMINATING_SLACK_SECONDS: '1', KDR_TERMINATING_AGAIN_SECONDS: '1', KDR_NODE_STALE_SECONDS: '30' };
let directory: string;
let server: ApiServer;
let client: ApiClient;
let namespace = '';
let count = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-terminating-'));
  server = await startApiServer({ directory, identities: [{ token, user: { username: 'admin', groups: ['system:masters'] } }] });
  client = createApiClient({ server: server.url, ca: server.ca, token });
  for (const crd of customResourceDefinitions()) await client.create(customResourceDefinitionType, crd as never);
  for (const name of ['kdr-system', 'kube-node-lease']) await client.create(namespaceType, { metadata: { name } }).catch(() => undefined);
  const renewed = (name: string, secondsAgo: number) =>
    client.create(leaseType, {
      metadata: { namespace: 'kube-node-lease', name },
      spec: { holderIdentity: name, renewTime: microTime(new Date(Date.now() - secondsAgo * 1000)) },
    });
  await renewed('node-1', -600);
  await renewed('node-stale', 600);
}, 60_000);
afterAll(async () => {
  await client?.close();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  namespace = `shop-${++count}`;
  await client.create(namespaceType, { metadata: { name: namespace } });
});

/** A pod as a controller makes it, held by a finalizer, with the fields that the kubelet and the API server add. */
async function pod(name: string, { node = 'node-1', annotations = {} }: { node?: string; annotations?: object } = {}): Promise<string> {
  const made = await client.create<{ metadata: { uid: string } }>(podType, {
    metadata: {
      ...{ namespace, name, annotations, labels: { app: 'web', 'controller-revision-hash': '5d9f' }, finalizers: ['example.com/hold'] },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web', uid: 'd-1', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      ...{ nodeName: node, terminationGracePeriodSeconds: 30, tolerations: [{ operator: 'Exists' }] },
      containers: [{ name: 'web', image: 'web:1' }],
    },
  } as never);
  return made.metadata.uid;
}
const remove = (name: string) => client.delete(podType, { namespace, name }, { gracePeriodSeconds: 0 });
const abnormals = async (uid: string) =>
  (await client.list<Abnormal>(RESOURCES.Abnormal, { labelSelector: `${POD_LABEL}=${uid}` })).items.sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );

/** Runs the source while `act` does; what ran has stopped when it resolves. */
async function whileRunning(act: () => Promise<void>, env: Record<string, string> = {}): Promise<void> {
  const stop = new AbortController();
  const running = createSource({ client, logger: silentLogger(), env: { ...QUICK, ...env } }).run(stop.signal);
  try {
    await act();
  } finally {
    stop.abort();
    await running;
  }
}
const appears = (uid: string, length: number) => expect.poll(async () => (await abnormals(uid)).length, { timeout: 15_000 }).toBe(length);

test(
  'a pod past its deadline becomes one Abnormal on its node; one that runs, or is not past it by the slack, none',
  { timeout: 40_000 },
  async () => {
    const [stuck, runs] = [await pod('stuck'), await pod('runs')];
    await remove('stuck');
    await whileRunning(() => sleep(2_500), { KDR_TERMINATING_SLACK_SECONDS: '3600' });
    expect(await abnormals(stuck)).toEqual([]);
    await whileRunning(async () => {
      await appears(stuck, 1);
      await sleep(2_000);
    });
    expect(await abnormals(stuck)).toMatchObject([
      {
        metadata: { name: `pod-terminating-${stuck}-1`, namespace, labels: { 'kdr.dev/node': 'node-1' } },
        spec: {
          source: 'Custom',
          fault: 'PodStuckTerminating',
          nodeName: 'node-1',
          podReference: { namespace, name: 'stuck', uid: stuck },
        },
      },
    ]);
    expect(await abnormals(runs)).toEqual([]);
  },
);

test('a restart, and a second instance, make no second one', { timeout: 40_000 }, async () => {
  const uid = await pod('stuck');
  await remove('stuck');
  await whileRunning(() => whileRunning(() => appears(uid, 1)));
  await whileRunning(() => sleep(2_500));
  expect(await abnormals(uid)).toHaveLength(1);
});

test('a node whose Lease is stale, or that has none, gives an Abnormal without a node', { timeout: 40_000 }, async () => {
  for (const node of ['node-stale', 'node-unknown']) {
    const uid = await pod(node, { node });
    await remove(node);
    await whileRunning(() => appears(uid, 1));
    const [abnormal] = await abnormals(uid);
    expect(abnormal?.spec.nodeName ?? '').toBe('');
    expect(abnormal?.metadata.labels).not.toHaveProperty(['kdr.dev/node']);
  }
});

test('where the namespace is being deleted the Abnormal is created beside KDR, once', { timeout: 40_000 }, async () => {
  const uid = await pod('stuck');
  await client.delete(namespaceType, { name: namespace });
  await remove('stuck');
  await whileRunning(() => appears(uid, 1));
  await whileRunning(() => sleep(2_500));
  expect(await abnormals(uid)).toMatchObject([
    { metadata: { namespace: 'kdr-system' }, spec: { podReference: { namespace, name: 'stuck', uid } } },
  ]);
});

test('the mirror of a static pod is left to its kubelet', { timeout: 40_000 }, async () => {
  const mirror = await pod('kube-proxy-node-1', {
    annotations: { 'kubernetes.io/config.mirror': '0f1e', 'kubernetes.io/config.hash': '0f1e' },
  });
  const other = await pod('stuck');
  await remove('kube-proxy-node-1');
  await remove('stuck');
  await whileRunning(() => appears(other, 1));
  expect(await abnormals(mirror)).toEqual([]);
});

test('still stuck when the last one has finished: another, three in all, also when somebody deletes one', { timeout: 60_000 }, async () => {
  const uid = await pod('stuck');
  await remove('stuck');
  const finish = async (name: string) => {
    for (const status of [
      { phase: 'InformationCollecting' },
      { phase: 'Failed', reason: 'TimedOut', completionTime: new Date().toISOString() },
    ])
      await client.patch(RESOURCES.Abnormal, { namespace, name }, { status }, { type: 'merge', subresource: 'status' });
  };
  await whileRunning(async () => {
    for (const episode of [1, 2, 3]) {
      const name = `pod-terminating-${uid}-${episode}`;
      await expect.poll(async () => (await abnormals(uid)).map(({ metadata }) => metadata.name), { timeout: 15_000 }).toContain(name);
      await finish(name);
      if (episode === 2) await client.delete(RESOURCES.Abnormal, { namespace, name: `pod-terminating-${uid}-1` });
    }
    await sleep(3_000);
  });
  expect((await abnormals(uid)).map(({ metadata }) => metadata.name)).toEqual([`pod-terminating-${uid}-2`, `pod-terminating-${uid}-3`]);
});
