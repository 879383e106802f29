import { API_VERSION, REGISTERED_AS, RESOURCES, SCOPE_LABEL, type Registration } from '@kdr/api-types';
import { patchStatus, silentLogger } from '@kdr/controller-runtime';
import { type Plugin, type Served, defineCollector, defineDiagnoser, serve } from '@kdr/plugin-sdk';
import { Type } from '@sinclair/typebox';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identified, testFault } from './testing/plugins.ts';
import type { TestFault } from './testing/plugins.ts';
import { NODE, createWorld } from './testing/world.ts';
import type { World } from './testing/world.ts';

const SERVICE = 'cluster-plugins';
const HOST = `${SERVICE}.kdr-system.svc`;
let world: World;
let served: Served | undefined;
let fault: TestFault;
const asked: { token: string; pod?: string }[] = [];

/** The way to Services that a cluster's DNS would give. */
const remote = (token: () => Promise<string>) => ({
  token,
  mayCall: () => true,
  lookup: ((_: string, __: unknown, callback: (error: null, found: object[]) => void) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }])) as never,
});

const podCollector = (scope: 'node' | 'cluster') =>
  defineCollector({
    name: 'pod',
    scope,
    collect: ({ abnormal, caller }) => {
      asked.push({ token: caller?.user ?? '', pod: abnormal.spec.podReference?.name });
      return { outcome: 'Collected', summary: 'the pod', data: { terminating: true } };
    },
  });

/** Serves a plugin over TLS and registers it behind a Service. */
async function behindService(plugin: Plugin): Promise<void> {
  const pems = await generate([{ name: 'commonName', value: HOST }], {
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: HOST }] }],
  });
  served = await serve({
    plugins: [plugin],
    listen: {
      ...{ port: 0, host: '127.0.0.1', tls: { cert: pems.cert, key: pems.private } },
      authorize: (token) => token.startsWith('good') && { user: token },
    },
    logger: silentLogger(),
    exitOnSignal: false,
  });
  const { name, scope } = plugin.manifest;
  const port = Number(new URL(served.addresses[name]!).port);
  await world.register(plugin.manifest, {
    scope,
    endpoint: { service: { namespace: 'kdr-system', name: SERVICE, port, caBundle: pems.cert } },
  });
}

/** It is Ready, as the master would find it. */
async function foundReady({ manifest: { name, role } }: Plugin): Promise<void> {
  const kind = RESOURCES[REGISTERED_AS[role]];
  const registration = await world.admin.get<Registration>(kind, { name });
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', lastTransitionTime: new Date().toISOString() } as const;
  await patchStatus(world.master, kind, registration, () => ({ conditions: [ready] }));
}

async function readyBehindService(plugin: Plugin): Promise<void> {
  await behindService(plugin);
  await foundReady(plugin);
}

/** A diagnoser on the node that needs the Pod, and asks back for it again. */
const nodeDiagnoser = () =>
  defineDiagnoser({
    name: 'on-the-node',
    scope: 'cluster',
    needs: ['pod'],
    diagnose: async ({ read, collect }) => {
      const shape = Type.Object({ terminating: Type.Boolean() });
      const [before, now] = [read('pod', shape), await collect('pod', {}, shape)];
      return before.terminating && now.terminating ? identified(fault) : { outcome: 'NotIdentified', reason: 'it is not ending' };
    },
  });

const podReference = { namespace: 'default', name: 'web-0', uid: 'u-1' };
beforeEach(async () => {
  world = await createWorld();
  fault = testFault(world.victim());
  asked.length = 0;
});
afterEach(async () => {
  await world.close();
  await served?.close();
  served = undefined;
});

describe('a collector behind a Service', () => {
  it('answers what a plugin of the node needs and asks back, with the token of the agent', async () => {
    await readyBehindService(podCollector('cluster'));
    await world.plugins(nodeDiagnoser());
    let tokens = 0;
    await world.agent(
      {},
      remote(() => Promise.resolve(`good-${++tokens}`)),
    );
    await world.create('stuck', { podReference });
    const { status } = await world.until('stuck', (one) => one.status?.diagnosis !== undefined);
    expect(status?.diagnosis).toMatchObject({ diagnoser: 'on-the-node' });
    expect(asked.map(({ pod }) => pod)).toEqual(['web-0', 'web-0']);
    // Asked for each call: a token that is replaced is followed.
    expect(new Set(asked.map(({ token }) => token)).size).toBe(2);
  });

  it('that refuses the agent’s token is not ready here, and the plugin that needs it is passed over with the reason', async () => {
    await readyBehindService(podCollector('cluster'));
    await world.plugins(nodeDiagnoser());
    await world.agent(
      { startGraceMs: 500 },
      remote(() => Promise.resolve('bad')),
    );
    await world.create('stuck', { podReference });
    const { status } = await world.finished('stuck');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NoDiagnoserLeft', message: expect.stringContaining('pod') });
    expect(status?.information).toMatchObject([{ collector: 'pod', outcome: 'Absent', reason: expect.stringContaining('status 401') }]);
    expect(asked).toEqual([]);
  });
});

it('a diagnoser behind a Service is asked once the master finds it ready, however late that is and however seldom the agent probes', async () => {
  const diagnoser = defineDiagnoser({ name: 'far-away', diagnose: () => identified(fault) });
  await behindService(diagnoser);
  await world.agent(
    { startGraceMs: 100, readyGraceMs: 1_000, probeIntervalMs: 60_000 },
    remote(() => Promise.resolve('good')),
  );
  // Nobody waits for it any more.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await foundReady(diagnoser);
  await world.create('asked', { podReference });
  const { status } = await world.until('asked', (one) => one.status?.diagnosis !== undefined || one.status?.phase === 'Failed');
  expect(status?.diagnosis).toMatchObject({ diagnoser: 'far-away' });
});

it.each([
  ['cluster', 'Collected'],
  ['node', 'Absent'],
] as const)('an Abnormal without a node of its own: a collector of scope %s is %s', async (scope, outcome) => {
  await readyBehindService(podCollector(scope));
  await world.plugins(nodeDiagnoser());
  await world.agent(
    {},
    remote(() => Promise.resolve('good')),
  );
  await world.admin.create(RESOURCES.Abnormal, {
    ...{ apiVersion: API_VERSION, kind: 'Abnormal' },
    metadata: { name: 'homeless', namespace: 'default', labels: { [SCOPE_LABEL]: 'cluster' } },
    spec: { source: 'Custom', fault: 'PodStuckTerminating', nodeName: NODE, podReference },
  });
  const { status } = await world.until('homeless', (one) => (one.status?.information?.length ?? 0) > 0);
  expect(status?.information).toMatchObject([{ collector: 'pod', outcome }]);
});
