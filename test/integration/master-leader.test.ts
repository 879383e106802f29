import { type Abnormal, API_VERSION, RESOURCES } from '@kdr/api-types';
import { type ApiClient, type Lease, leaseType } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MasterProcess, startMaster, until } from './master-process.ts';
import { type PolicedServer, startPolicedServer } from './policed-server.ts';
import { propose } from './proposal.ts';

let server: PolicedServer;
const masters: MasterProcess[] = [];

beforeAll(async () => {
  server = await startPolicedServer();
  await server.as.admin.create(RESOURCES.RecoveryPolicy, {
    apiVersion: API_VERSION,
    kind: 'RecoveryPolicy',
    metadata: { name: 'ask' },
    spec: { mode: 'Approve', coolDownSeconds: 600 },
  });
});
afterAll(async () => {
  for (const master of masters) await master.end();
  await server.stop();
});

const start = async (name: string): Promise<MasterProcess> => {
  const { url, ca } = server;
  const master = await startMaster({ url, ca, token: server.tokenOf('master') }, server.directory, name);
  masters.push(master);
  await until(`${name} is ready`, () => master.ready());
  return master;
};
const leads = async (master: MasterProcess) => (await master.metric('kdr_master_leader')) === 1;
const holder = async () =>
  (await server.as.admin.get<Lease>(leaseType, { namespace: 'kdr-system', name: 'kdr-master' })).spec?.holderIdentity ?? '';
const at = (name: string) => ({ namespace: 'default', name });
const read = (name: string) => server.as.admin.get<Abnormal>(RESOURCES.Abnormal, at(name));
async function renewLease(agent: ApiClient): Promise<void> {
  const at = { namespace: 'kdr-system', name: 'kdr-agent-n1' };
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime };
  await agent.create(leaseType, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: at, spec });
}

const approve = (name: string) =>
  server.as.admin.create(RESOURCES.RecoveryApproval, {
    apiVersion: API_VERSION,
    kind: 'RecoveryApproval',
    metadata: at(`${name}-yes`),
    spec: { abnormal: name, proposalId: `${name}-p`, decision: 'Approve', approver: 'admin' },
  });

describe('two masters', () => {
  let first: MasterProcess;
  let second: MasterProcess;
  let third: MasterProcess;

  it('are both ready, and one of them leads', async () => {
    first = await start('master-a');
    await until('the first leads', () => leads(first));
    second = await start('master-b');
    expect([await leads(first), await leads(second)]).toEqual([true, false]);
    expect(await holder()).toMatch(/^master-a_[0-9a-f]{8}$/);
  });

  it('the leader killed while a proposal waits for approval: the other grants it, once', async () => {
    await renewLease(server.as.agent);
    await propose(server.as.agent, 'one');
    await until('it waits for approval', async () => (await read('one')).status?.recovery?.grant?.reason === 'ApprovalRequired');
    const waiting = (await read('one')).metadata.resourceVersion;
    await first.end('SIGKILL');
    await until('the second leads', () => leads(second), 60_000);
    expect(await holder()).toMatch(/^master-b_/);
    // It says nothing that was said already.
    expect((await read('one')).metadata.resourceVersion).toBe(waiting);
    await approve('one');
    await until('it is granted', async () => (await read('one')).status?.recovery?.grant?.decision === 'Granted');
    expect((await read('one')).status?.recovery?.grant).toMatchObject({ proposalId: 'one-p', reason: 'Approved', approvedBy: 'admin' });
    expect(await second.metric('kdr_gate_decisions_total{decision="Granted",reason="Approved"}')).toBe(1);
  });

  it('one that comes to lead knows from the API what was granted before it: the same target waits', async () => {
    third = await start('master-c');
    expect(await second.end('SIGTERM')).toBe(0);
    // A leader that stops in good order gives the Lease up: nobody waits for it to run out.
    await until('the third leads', () => leads(third), 30_000);
    await propose(server.as.agent, 'two');
    await approve('two');
    await until('the gate has spoken', async () => (await read('two')).status?.recovery?.grant !== undefined);
    const { grant } = (await read('two')).status?.recovery ?? {};
    expect(grant).toMatchObject({ decision: 'Waiting', reason: 'CoolingDown' });
  });

  it('a leader that was stopped for longer than its Lease leads no more when it goes on, and competes again', async () => {
    const fourth = await start('master-d');
    third.stopped();
    await until('the fourth leads', () => leads(fourth), 60_000);
    third.continued();
    await until('the third has noticed', async () => !(await leads(third)), 30_000);
    await until('it says so', () => third.log().includes('this process leads no longer'));
    await fourth.end('SIGTERM');
    await until('the third leads again', () => leads(third), 30_000);
    await propose(server.as.agent, 'three');
    await until('the gate has spoken', async () => (await read('three')).status?.recovery?.grant !== undefined);
  });
}, 260_000);
