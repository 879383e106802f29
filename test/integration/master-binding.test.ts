import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES, SCOPE_LABEL } from '@kdr/api-types';
import { type KubernetesObject, leaseType, podType, silentLogger } from '@kdr/controller-runtime';
import { createMaster } from '@kdr/master';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type PolicedServer, startPolicedServer } from './policed-server.ts';

const STALE_MS = 2_000;
const ended = new AbortController();
let server: PolicedServer;
let running: Promise<void>;
let heart: NodeJS.Timeout;

beforeAll(async () => {
  server = await startPolicedServer();
  const options = { agentStaleMs: STALE_MS, unassignedMs: 4_000, probeMs: 200 };
  const master = createMaster({ client: server.as.master, logger: silentLogger(), options });
  running = master.run(ended.signal);
  await beat('create');
  heart = setInterval(() => void beat('replace').catch(() => undefined), 500);
});
afterAll(async () => {
  clearInterval(heart);
  ended.abort();
  await running;
  await server.stop();
});

/** The agent of n1 lives; that of n2 does not. */
async function beat(how: 'create' | 'replace'): Promise<void> {
  const metadata = { namespace: 'kdr-system', name: 'kdr-agent-n1' };
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: { holderIdentity: 'n1', renewTime } };
  if (how === 'create') await server.as.agent.create(leaseType, lease);
  else await server.as.agent.patch(leaseType, metadata, { spec: lease.spec }, { type: 'merge' });
}

async function bound(name: string, spec: object): Promise<Abnormal> {
  const at = { namespace: 'default', name };
  const whole = { source: 'Custom', fault: 'Broken', ...spec };
  await server.as.admin.create(RESOURCES.Abnormal, { apiVersion: API_VERSION, kind: 'Abnormal', metadata: at, spec: whole });
  const read = () => server.as.admin.get<Abnormal>(RESOURCES.Abnormal, at);
  await expect.poll(async () => (await read()).spec.nodeName, { timeout: 10_000 }).toBeDefined();
  return read();
}

async function pod(name: string, nodeName: string): Promise<string> {
  const metadata = { namespace: 'default', name };
  const spec = { nodeName, containers: [{ name: 'c', image: 'i' }] };
  const made = await server.as.admin.create<KubernetesObject>(podType, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec,
  } as KubernetesObject);
  return made.metadata?.uid ?? '';
}

it('gives what is about a pod to the agent of its node', async () => {
  const uid = await pod('here', 'n1');
  const { spec, metadata } = await bound('at-home', { podReference: { namespace: 'default', name: 'here', uid } });
  expect([spec.nodeName, metadata.labels?.[NODE_LABEL], metadata.labels?.[SCOPE_LABEL]]).toEqual(['n1', 'n1', undefined]);
});

it('waits for the agent of the pod’s node, and then gives it to another one for cluster plugins alone', async () => {
  const uid = await pod('there', 'n2');
  const begun = Date.now();
  const { spec, metadata } = await bound('orphan', { podReference: { namespace: 'default', name: 'there', uid } });
  expect([spec.nodeName, metadata.labels?.[SCOPE_LABEL]]).toEqual(['n1', 'cluster']);
  // creationTimestamp has whole seconds.
  expect(Date.now() - begun).toBeGreaterThan(STALE_MS - 1_100);
});

it('does not give it to an agent that has just fallen silent', async () => {
  const metadata = { namespace: 'kdr-system', name: 'kdr-agent-n3' };
  const renewTime = new Date(Date.now() - 0.6 * STALE_MS).toISOString().replace('Z', '000Z');
  await server.as.admin.create(leaseType, {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
    spec: { holderIdentity: 'n3', renewTime },
  } as KubernetesObject);
  const uid = await pod('lost', 'n3');
  const about = [
    ['of-the-pod', { podReference: { namespace: 'default', name: 'lost', uid } }],
    ['of-the-node', { objectReference: { apiVersion: 'v1', kind: 'Node', name: 'n3' } }],
  ] as const;
  for (const { spec, metadata } of await Promise.all(about.map(([name, spec]) => bound(name, spec))))
    expect([spec.nodeName, metadata.labels?.[SCOPE_LABEL]]).toEqual(['n1', 'cluster']);
});

it('gives what has no node to a living agent, for cluster plugins alone', async () => {
  const { spec, metadata } = await bound('nowhere', {
    objectReference: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 's' },
  });
  expect([spec.nodeName, metadata.labels?.[SCOPE_LABEL]]).toEqual(['n1', 'cluster']);
});

it('labels what was created with a node, finished or not, and mends a label that names another', async () => {
  const create = (name: string, labels?: Record<string, string>) =>
    server.as.admin.create(RESOURCES.Abnormal, {
      ...{ apiVersion: API_VERSION, kind: 'Abnormal', metadata: { namespace: 'default', name, labels } },
      spec: { source: 'Custom', fault: 'Broken', nodeName: 'n1', processReference: { pid: 4242 } },
    });
  const labelsOf = async (name: string) =>
    (await server.as.admin.get<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name })).metadata.labels;
  await create('unlabelled', { mine: 'kept' });
  await expect.poll(() => labelsOf('unlabelled'), { timeout: 10_000 }).toEqual({ mine: 'kept', [NODE_LABEL]: 'n1' });

  // From before there was a policy that refuses it.
  await server.withoutPolicy('kdr-node-label', () => create('mislabelled', { [NODE_LABEL]: 'n2' }));
  await expect.poll(() => labelsOf('mislabelled'), { timeout: 10_000 }).toEqual({ [NODE_LABEL]: 'n1' });
});
