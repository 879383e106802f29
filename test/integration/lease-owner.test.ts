import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, ApiError, type Lease, createLeaseHeartbeat, leaseType, serviceAccountOwner } from '@kdr/controller-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ControlPlane } from '../cluster/index.ts';
import { startAdmissionPlane } from './admission-plane.ts';
import { clientOf, serverOf } from './kubeconfig-client.ts';
import { type MasterProcess, startMaster, until } from './master-process.ts';

/** A real API server with a real garbage collector, as strict about owners as OpenShift's: who changes them must be allowed to delete the object. */
let plane: ControlPlane;
let admin: ApiClient;
let directory: string;
const masters: MasterProcess[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kdr-lease-'));
  plane = await startAdmissionPlane(['--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement']);
  admin = clientOf(plane.kubeconfig);
}, 1_800_000); // builds Kubernetes on a new machine
afterAll(async () => {
  for (const master of masters) await master.end();
  await admin?.close();
  await plane?.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

const lease = async (name: string): Promise<Lease | undefined> => {
  try {
    return await admin.get<Lease>(leaseType, { namespace: 'kdr-system', name });
  } catch (error) {
    if (error instanceof ApiError && error.isNotFound) return undefined;
    throw error;
  }
};
const token = (account: string) => plane.kubectl('-n', 'kdr-system', 'create', 'token', account);

it('the Lease of the leader outlives its holder, and goes with the ServiceAccount of the release', { timeout: 120_000 }, async () => {
  const { url, ca } = serverOf(plane.kubeconfig);
  const access = { url, ca, token: await token('kdr-master') };
  const uid = await plane.kubectl('-n', 'kdr-system', 'get', 'serviceaccount', 'kdr-master', '-o', 'jsonpath={.metadata.uid}');
  const start = async (name: string) => {
    const master = await startMaster(access, directory, name);
    masters.push(master);
    await until(`${name} leads`, async () => (await lease('kdr-master'))?.spec?.holderIdentity?.startsWith(name) ?? false);
    return master;
  };
  const first = await start('first');
  expect((await lease('kdr-master'))?.metadata?.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'ServiceAccount', name: 'kdr-master', uid },
  ]);
  const made = (await lease('kdr-master'))?.metadata?.uid;
  await first.end('SIGTERM');
  const second = await start('second');
  expect((await lease('kdr-master'))?.metadata?.uid).toBe(made);
  await second.end('SIGTERM');
  await plane.kubectl('-n', 'kdr-system', 'delete', 'serviceaccount', 'kdr-master');
  await until('the Lease is gone', async () => (await lease('kdr-master')) === undefined, 60_000);
});

it('a living agent whose Lease was removed makes it anew', { timeout: 120_000 }, async () => {
  await plane.kubectl('-n', 'kdr-system', 'create', 'serviceaccount', 'kdr-agent');
  const tokenFile = join(directory, 'agent.token');
  writeFileSync(tokenFile, await token('kdr-agent'));
  const owner = serviceAccountOwner(tokenFile, 'kdr-system');
  expect(owner).toMatchObject({ kind: 'ServiceAccount', name: 'kdr-agent' });
  const stop = new AbortController();
  const heartbeat = createLeaseHeartbeat({
    ...{ client: admin, namespace: 'kdr-system', name: 'kdr-agent-n1', holder: 'agent', renewMs: 200 },
    owner,
  });
  const beating = heartbeat.run(stop.signal);
  await until('it beats', async () => (await lease('kdr-agent-n1')) !== undefined);
  const before = (await lease('kdr-agent-n1'))?.metadata?.uid;
  await admin.delete(leaseType, { namespace: 'kdr-system', name: 'kdr-agent-n1' });
  await until('it beats again', async () => ![before, undefined].includes((await lease('kdr-agent-n1'))?.metadata?.uid));
  expect((await lease('kdr-agent-n1'))?.metadata?.ownerReferences).toEqual([owner]);
  stop.abort();
  await beating;
});
