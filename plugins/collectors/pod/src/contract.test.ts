import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createApiClient, eventType, namespaceType, podType } from '@kdr/controller-runtime';
import { type ApiServer, startApiServer } from '@kdr/embedded-apiserver';
import type { CollectAnswer } from '@kdr/plugin-sdk';
import { type PluginCase, startPlugin, testCollector } from '@kdr/plugin-sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlugin } from './index.ts';

const token = 'token-of-the-test-0123456789';
const namespace = 'shop';
const uids = new Map<string, string>();
let directory: string;
let server: ApiServer;
let client: ApiClient;

const secretEnvironment = [{ name: 'DB_PASSWORD', value: 'hunter2' }];
const pod = (name: string, metadata = {}) => ({
  metadata: { namespace, name, ...metadata },
  spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'shop/web:1', env: secretEnvironment, args: ['--token', 'hunter2'] }] },
  status: {
    phase: 'Running',
    containerStatuses: [
      {
        ...{ name: 'web', ready: true, restartCount: 2, containerID: `containerd://${'a'.repeat(64)}`, image: 'shop/web:1' },
        ...{ state: { running: { startedAt: '2026-01-01T10:00:00Z' } }, lastState: { terminated: { message: 'hunter2', exitCode: 1 } } },
      },
    ],
    initContainerStatuses: [
      { name: 'init', ready: true, restartCount: 0, state: { terminated: { reason: 'Completed', exitCode: 0, message: 'hunter2' } } },
    ],
  },
});

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-pod-'));
  server = await startApiServer({ directory, identities: [{ token, user: { username: 'admin', groups: ['system:masters'] } }] });
  client = createApiClient({ server: server.url, ca: server.ca, token });
  await client.create(namespaceType, { metadata: { name: namespace } });
  const made = [pod('runs'), pod('ending', { finalizers: ['example.com/hold'] }), pod('again')];
  for (const { status, ...each } of made) {
    const { metadata } = await client
      .create<Record<string, unknown>>(podType, each)
      .then((created) => created as { metadata: { uid: string } });
    uids.set(each.metadata.name, metadata.uid);
    await client.patch(podType, { namespace, name: each.metadata.name }, { status }, { type: 'merge', subresource: 'status' });
  }
  await client.delete(podType, { namespace, name: 'ending' }, { gracePeriodSeconds: 7 });
  for (let at = 0; at < 25; at++) {
    await client.create(eventType, {
      metadata: { namespace, name: `ending.${at}` },
      involvedObject: { kind: 'Pod', namespace, name: 'ending', uid: uids.get('ending') },
      ...{ type: 'Warning', reason: 'Unhealthy', count: 1, source: { component: 'kubelet' } },
      message: `probe ${at} failed: Authorization: Bearer hunter2 at http://user:hunter2@10.0.0.1/`,
      lastTimestamp: new Date(Date.UTC(2026, 0, 1, 10, 0, (at * 7) % 25)).toISOString(),
    });
  }
  const other = { kind: 'Pod', namespace, name: 'ending', uid: 'of-an-earlier-one' };
  await client.create(eventType, { metadata: { namespace, name: 'other' }, involvedObject: other, reason: 'NotMine', type: 'Normal' });
}, 60_000);
afterAll(async () => {
  await client?.close();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The uid is known once the pods are made, which is when the case runs. */
const about = (name: string, uid = () => uids.get(name)) => ({
  spec: {
    processReference: undefined,
    podReference: {
      ...{ namespace, name },
      get uid() {
        return uid();
      },
    },
  },
});
const dataOf = (answer: object) => {
  expect(answer).toMatchObject({ outcome: 'Collected' });
  expect(JSON.stringify(answer)).not.toContain('hunter2');
  return ('data' in answer ? answer.data : {}) as Record<string, unknown>;
};

const cases: PluginCase<CollectAnswer>[] = [
  {
    name: 'tells of a Pod that runs, and nothing of its environment and arguments',
    request: about('runs'),
    expect: (answer) =>
      expect(dataOf(answer)).toEqual({
        ...{ namespace, name: 'runs', uid: uids.get('runs'), gone: false, now: expect.stringMatching(/^\d{4}-.*Z$/) },
        ...{ nodeName: 'node-1', phase: 'Running', finalizers: [], ownerReferences: [], events: [] },
        containerStatuses: [
          {
            ...{ name: 'web', type: 'Container', state: 'Running', ready: true, restartCount: 2, startedAt: '2026-01-01T10:00:00Z' },
            containerID: `containerd://${'a'.repeat(64)}`,
          },
          { name: 'init', type: 'Init', state: 'Terminated', reason: 'Completed', exitCode: 0, ready: true, restartCount: 0 },
        ],
      }),
  },
  {
    name: 'tells when a Pod that is being deleted should have been gone, what holds it, and its newest Events',
    request: about('ending'),
    expect: (answer) => {
      const { events, ...data } = dataOf(answer) as { events: { message: string; lastSeen: string }[] };
      expect(data).toMatchObject({ gone: false, finalizers: ['example.com/hold'], deletionTimestamp: expect.stringMatching(/Z$/) });
      expect(events).toHaveLength(20);
      expect(events.map(({ lastSeen }) => lastSeen)).toEqual(
        events
          .map(({ lastSeen }) => lastSeen)
          .sort()
          .reverse(),
      );
      expect(events[0]).toMatchObject({ reason: 'Unhealthy', source: 'kubelet', message: expect.stringContaining('<redacted>') });
    },
  },
  {
    name: 'says that the Pod is gone where another one has its name',
    request: about('again', () => 'the-one-before'),
    expect: (answer) =>
      expect(dataOf(answer)).toEqual({
        namespace,
        name: 'again',
        uid: 'the-one-before',
        gone: true,
        why: 'OtherUid',
        now: expect.anything(),
      }),
  },
  {
    name: 'says that the Pod is gone where there is none',
    request: about('never', () => 'u'),
    expect: (answer) => expect(dataOf(answer)).toMatchObject({ gone: true, why: 'NoSuchPod' }),
  },
  {
    name: 'does not look at a Pod by its name alone',
    request: about('runs', () => undefined as never),
    expect: 'NotApplicable',
  },
  {
    name: 'looks at no other Pod than the one that the Abnormal names, whatever the parameters say',
    request: { ...about('runs'), parameters: { namespace, name: 'ending', podUid: 'x' } },
    expect: (answer) => expect(dataOf(answer)).toMatchObject({ name: 'runs' }),
  },
];

describe('the collector pod', () => {
  testCollector(
    createPlugin(() => client),
    { test, cases },
  );

  test('says that trying again may help where the API server does not answer', async () => {
    const nowhere = createApiClient({ server: 'https://127.0.0.1:9', token }, { requestTimeoutMs: 2_000 });
    const served = await startPlugin(createPlugin(() => nowhere));
    try {
      expect(await served.ask(about('runs'))).toMatchObject({ outcome: 'Failed', retryable: true });
      expect((await served.http('GET', '/readyz')).status).toBe(503);
    } finally {
      await served.close();
      await nowhere.close();
    }
  });
});
