import { type Abnormal, API_VERSION, NODE_LABEL, RESOURCES, SCOPE_LABEL } from '@kdr/api-types';
import { type ApiClient, ApiError, eventType, leaseType, secretType } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityName, type PolicedServer, startPolicedServer } from './policed-server.ts';
import { condition, proposed } from './proposal.ts';

let server: PolicedServer;
let count = 0;
const now = new Date().toISOString();
const recovering = proposed('p1');
const { diagnosis } = recovering;
const proposal = recovering.recovery?.proposal;
const grant = { proposalId: 'p1', decision: 'Granted', reason: 'Granted', trace: [], decidedAt: now } as const;

beforeAll(async () => {
  server = await startPolicedServer();
});
afterAll(() => server.stop());

const abnormal = (name: string, nodeName = 'n1') => ({
  apiVersion: API_VERSION,
  kind: 'Abnormal',
  metadata: { namespace: 'default', name },
  spec: { source: 'Custom', fault: 'Broken', nodeName, processReference: { pid: 4242 }, parameters: { level: 1 } },
});

function setStatus(client: ApiClient, name: string, status: object): Promise<Abnormal> {
  return client.patch<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name }, { status }, { type: 'merge', subresource: 'status' });
}
function setSpec(client: ApiClient, name: string, spec: object): Promise<Abnormal> {
  return client.patch<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name }, { spec }, { type: 'merge' });
}

function setLabel(client: ApiClient, name: string, value: string | null, label = NODE_LABEL): Promise<Abnormal> {
  const metadata = { labels: { [label]: value } };
  return client.patch<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name }, { metadata }, { type: 'merge' });
}

/** An Abnormal of node n1 that waits for a grant, brought there by its agent, step by step. */
async function waiting(): Promise<string> {
  const name = `waiting-${++count}`;
  const { agent } = server.as;
  await agent.create(RESOURCES.Abnormal, abnormal(name));
  for (const phase of ['InformationCollecting', 'Diagnosing'] as const) await setStatus(agent, name, { phase });
  await setStatus(agent, name, recovering);
  return name;
}

/** Each line: who, what he tries, and the policy that must refuse it. */
type Attempt = [who: IdentityName, what: string, policy: string, does: (client: ApiClient, name: string) => Promise<unknown>];

const REFUSED: Attempt[] = [
  ['agent', 'forges a grant', 'kdr-grant-by-master', (client, name) => setStatus(client, name, { recovery: { grant } })],
  ['admin', 'forges a grant', 'kdr-grant-by-master', (client, name) => setStatus(client, name, { recovery: { grant } })],
  ['source', 'forges a grant', 'kdr-grant-by-master', (client, name) => setStatus(client, name, { recovery: { grant } })],
  [
    'agent',
    'says itself that the repair is granted',
    'kdr-grant-by-master',
    (client, name) =>
      setStatus(client, name, { conditions: [...(recovering.conditions ?? []), condition('RecoveryGranted', 'Collected')] }),
  ],
  ['source', 'writes a diagnosis', 'kdr-role-source', (client, name) => setStatus(client, name, { diagnosis })],
  ['source', 'deletes an Abnormal', 'kdr-role-source', (client, name) => client.delete(RESOURCES.Abnormal, { namespace: 'default', name })],
  ['source', 'cancels an Abnormal', 'kdr-role-source', (client, name) => setSpec(client, name, { cancel: true })],
  [
    'master',
    'changes a diagnosis',
    'kdr-master-status',
    (client, name) => setStatus(client, name, { diagnosis: { title: 'it is something else' } }),
  ],
  [
    'master',
    'proposes by itself',
    'kdr-master-status',
    (client, name) => setStatus(client, name, { recovery: { proposal: { ...proposal, id: 'p2' } } }),
  ],
  [
    'master',
    'calls it Succeeded',
    'kdr-master-status',
    (client, name) => setStatus(client, name, { phase: 'Succeeded', reason: 'Recovered' }),
  ],
  [
    'master',
    'fails it for a reason that is the agent’s',
    'kdr-master-status',
    (client, name) => setStatus(client, name, { phase: 'Failed', reason: 'NotVerified' }),
  ],
  ['agentElsewhere', 'writes the status of another node’s', 'kdr-own-node', (client, name) => setStatus(client, name, { message: 'mine' })],
  [
    'agentElsewhere',
    'deletes another node’s',
    'kdr-own-node',
    (client, name) => client.delete(RESOURCES.Abnormal, { namespace: 'default', name }),
  ],
  [
    'agent',
    'creates one for another node',
    'kdr-own-node',
    (client, name) => client.create(RESOURCES.Abnormal, abnormal(`${name}-x`, 'n2')),
  ],
  [
    'source',
    'creates one for another node',
    'kdr-own-node',
    (client, name) => client.create(RESOURCES.Abnormal, abnormal(`${name}-x`, 'n2')),
  ],
  [
    'agentUnbound',
    'writes with a token that names no node',
    'kdr-own-node',
    (client, name) => setStatus(client, name, { message: 'mine' }),
  ],
  [
    'agent',
    'renews another agent’s Lease',
    'kdr-own-lease',
    (client) =>
      client.create(leaseType, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace: 'kdr-system', name: 'kdr-agent-n2' },
        spec: { holderIdentity: 'me' },
      }),
  ],
  ...(['agent', 'source', 'master'] as const).map((who): Attempt => [
    who,
    'makes a RecoveryPolicy',
    `kdr-role-${who}`,
    (client, name) =>
      client.create(RESOURCES.RecoveryPolicy, {
        apiVersion: API_VERSION,
        kind: 'RecoveryPolicy',
        metadata: { name },
        spec: { mode: 'Auto' },
      }),
  ]),
  [
    'agent',
    'registers a recoverer',
    'kdr-role-agent',
    (client, name) =>
      client.create(RESOURCES.Recoverer, {
        apiVersion: API_VERSION,
        kind: 'Recoverer',
        metadata: { name },
        spec: { endpoint: { local: { socket: '/run/x.sock' } } },
      }),
  ],
  [
    'master',
    'moves a diagnoser to another socket',
    'kdr-role-master',
    async (client) => {
      await server.as.admin.create(RESOURCES.Diagnoser, {
        apiVersion: API_VERSION,
        kind: 'Diagnoser',
        metadata: { name: 'd' },
        spec: { endpoint: { local: { socket: '/run/d.sock' } } },
      });
      return client.patch(
        RESOURCES.Diagnoser,
        { name: 'd' },
        { spec: { endpoint: { local: { socket: '/run/e.sock' } } } },
        { type: 'merge' },
      );
    },
  ],
  ['agent', 'approves', 'kdr-role-agent', (client, name) => approve(client, name, 'system:serviceaccount:kdr-system:kdr-agent')],
  ['master', 'approves', 'kdr-role-master', (client, name) => approve(client, name, 'system:serviceaccount:kdr-system:kdr-master')],
  [
    'source',
    'makes a Secret',
    'kdr-role-source',
    (client, name) => client.create(secretType, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name } }),
  ],
  ['colleague', 'approves in the admin’s name', 'kdr-approver-is-requester', (client, name) => approve(client, name, 'admin')],
  ['admin', 'approves in a colleague’s name', 'kdr-approver-is-requester', (client, name) => approve(client, name, 'colleague')],
  [
    'admin',
    'changes parameters afterwards',
    'kdr-parameters-immutable',
    (client, name) => setSpec(client, name, { parameters: { level: 2 } }),
  ],
  ['admin', 'shows it to another node’s agent by label', 'kdr-node-label', (client, name) => setLabel(client, name, 'n2')],
  [
    'admin',
    'has only the cluster’s plugins asked',
    'kdr-scope-by-master',
    (client, name) => setLabel(client, name, 'cluster', SCOPE_LABEL),
  ],
  [
    'colleague',
    'creates one with another node’s label',
    'kdr-node-label',
    (client, name) => {
      const made = abnormal(`${name}-x`);
      return client.create(RESOURCES.Abnormal, { ...made, metadata: { ...made.metadata, labels: { [NODE_LABEL]: 'n2' } } });
    },
  ],
];

function approve(client: ApiClient, name: string, approver: string): Promise<unknown> {
  return client.create(RESOURCES.RecoveryApproval, {
    apiVersion: API_VERSION,
    kind: 'RecoveryApproval',
    metadata: { namespace: 'default', name: `${name}-${approver.replaceAll(':', '-')}` },
    spec: { abnormal: name, proposalId: 'p1', decision: 'Approve', approver },
  });
}

describe('the server refuses, with 403 and the name of the policy, that', () => {
  it.each(REFUSED)('%s %s: %s', async (who, _what, policy, does) => {
    const name = await waiting();
    const before = await server.as.admin.get<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name });
    const error = await does(server.as[who], name).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 403, reason: 'Forbidden', message: expect.stringContaining(`'${policy}'`) as string });
    expect(await server.as.admin.get<Abnormal>(RESOURCES.Abnormal, { namespace: 'default', name })).toEqual(before);
  });
});

it('the label of its node can be set, and then neither be changed nor taken off', async () => {
  const name = await waiting();
  expect((await setLabel(server.as.master, name, 'n1')).metadata.labels).toEqual({ [NODE_LABEL]: 'n1' });
  for (const node of ['n2', '', null])
    await expect(setLabel(server.as.admin, name, node)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("'kdr-node-label'") as string,
    });
  await expect(setSpec(server.as.admin, name, { cancel: true })).resolves.toMatchObject({ spec: { cancel: true } });
});

it('that only the cluster’s plugins are asked is said by the master, and taken back by nobody else', async () => {
  const name = await waiting();
  await setLabel(server.as.master, name, 'cluster', SCOPE_LABEL);
  for (const scope of ['node', null])
    await expect(setLabel(server.as.admin, name, scope, SCOPE_LABEL)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining("'kdr-scope-by-master'") as string,
    });
  await expect(setSpec(server.as.admin, name, { cancel: true })).resolves.toMatchObject({ spec: { cancel: true } });
});

const POLICY_BINDING = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  namespaced: false,
};

it.each<IdentityName>(['agent', 'source', 'master'])('the server refuses that %s removes a policy that confines it', async (who) => {
  const error = await server.as[who].delete(POLICY_BINDING, { name: 'kdr-grant-by-master' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ status: 403, reason: 'Forbidden' });
});

describe('the server lets pass that', () => {
  it.each<[IdentityName, string, (client: ApiClient, name: string) => Promise<unknown>]>([
    [
      'master',
      'grants',
      (client, name) =>
        setStatus(client, name, {
          recovery: { grant },
          conditions: [...(recovering.conditions ?? []), condition('RecoveryGranted', 'Collected')],
        }),
    ],
    ['master', 'fails what has lost its agent', (client, name) => setStatus(client, name, { phase: 'Failed', reason: 'AgentUnavailable' })],
    ['agent', 'fails what it works on', (client, name) => setStatus(client, name, { phase: 'Failed', reason: 'NoRecovererLeft' })],
    ['agent', 'deletes what is over', (client, name) => client.delete(RESOURCES.Abnormal, { namespace: 'default', name })],
    ['source', 'reports a fault of its node', (client, name) => client.create(RESOURCES.Abnormal, abnormal(`${name}-y`))],
    ['admin', 'cancels', (client, name) => setSpec(client, name, { cancel: true })],
    ['colleague', 'approves in his own name', (client, name) => approve(client, name, 'colleague')],
    [
      'source',
      'tells an Event',
      (client, name) =>
        client.create(eventType, {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { namespace: 'default', name },
          involvedObject: { apiVersion: API_VERSION, kind: 'Abnormal', namespace: 'default', name },
          reason: 'Seen',
        }),
    ],
  ])('%s %s', async (who, _what, does) => {
    const done = does(server.as[who], await waiting()).then(() => 'done');
    await expect(done).resolves.toBe('done');
  });
});
