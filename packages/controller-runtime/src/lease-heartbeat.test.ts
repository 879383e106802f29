import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { createLeaseHeartbeat } from './lease-heartbeat.ts';
import type { LeaseHeartbeat } from './lease-heartbeat.ts';
import type { Lease } from './lease.ts';
import { startFaultServer } from './testing/fault-server.ts';
import type { FaultServer } from './testing/fault-server.ts';
import { trackRequests } from './testing/tracked-client.ts';
import { createVirtualClock } from './testing/virtual-clock.ts';
import type { VirtualClock } from './testing/virtual-clock.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/a/leases';

describe('the lease heartbeat', () => {
  let server: FaultServer;
  let client: ApiClient;
  let quiet: () => Promise<void>;
  let clock: VirtualClock;
  let stop: AbortController;
  const runs: Promise<void>[] = [];
  const beat = (holder: string, annotations?: () => Record<string, string>): LeaseHeartbeat => {
    const heartbeat = createLeaseHeartbeat({ client, namespace: 'a', name: 'n1', holder, annotations, clock, random: () => 0.5 });
    runs.push(heartbeat.run(stop.signal));
    return heartbeat;
  };
  const lease = (): Lease | undefined => server.get(leases, 'n1') as Lease | undefined;
  /** Lets the time pass and waits for the requests that this causes. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await quiet();
  };

  beforeEach(async () => {
    server = await startFaultServer();
    ({ client, quiet } = trackRequests(createApiClient({ server: server.url })));
    clock = createVirtualClock();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(runs.splice(0));
    await client.close();
    await server.stop();
  });

  it('creates the lease with MicroTimes of six digits, and renews it with one request per beat', async () => {
    let version = 1;
    const heartbeat = beat('me', () => ({ version: String(version) }));
    await quiet();
    expect(heartbeat.held).toBe(true);
    expect(lease()).toMatchObject({
      metadata: { annotations: { version: '1' } },
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        acquireTime: '2023-11-14T22:13:20.000000Z',
        renewTime: '2023-11-14T22:13:20.000000Z',
        leaseTransitions: 0,
      },
    });
    version = 2;
    await pass(5_000);
    expect(lease()).toMatchObject({
      metadata: { annotations: { version: '2' } },
      spec: { acquireTime: '2023-11-14T22:13:20.000000Z', renewTime: '2023-11-14T22:13:25.000000Z' },
    });
    expect(server.seen.map(({ verb }) => verb)).toEqual(['GET', 'CREATE', 'UPDATE']);
  });

  it('creates the lease with its owner, keeps that, and gives none to a lease that is there', async () => {
    const owner = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'worker', uid: 'u-1' };
    const own = (holder: string, uid: string) => {
      runs.push(createLeaseHeartbeat({ client, namespace: 'a', name: 'n1', holder, clock, owner: { ...owner, uid } }).run(stop.signal));
      return quiet();
    };
    await own('first', 'u-1');
    expect(lease()?.metadata?.ownerReferences).toEqual([owner]);
    await pass(6_000);
    expect(lease()?.metadata?.ownerReferences).toEqual([owner]);
    stop.abort();
    await Promise.all(runs.splice(0));
    stop = new AbortController();
    await own('second', 'u-2');
    expect(lease()).toMatchObject({ metadata: { ownerReferences: [owner] }, spec: { holderIdentity: 'second' } });
  });

  it('leaves the lease of another that is alive alone, and takes it over once that one is silent for its duration', async () => {
    const first = beat('first');
    await quiet();
    expect(first.held).toBe(true);
    const stored = lease() as Lease & Record<string, unknown>;
    server.put(leases, { ...stored, spec: { ...stored.spec, holderIdentity: 'other' } });
    await pass(5_000);
    expect(lease()?.spec?.holderIdentity).toBe('other');
    await pass(5_000);
    await pass(5_000);
    expect(first.held).toBe(false);
    await pass(5_000);
    expect(lease()?.spec).toMatchObject({ holderIdentity: 'first', leaseTransitions: 1 });
    expect(first.held).toBe(true);
  });

  it('does not claim to hold what it could not renew for the duration, and recovers', async () => {
    const heartbeat = beat('me');
    await quiet();
    expect(heartbeat.held).toBe(true);
    server.always('UPDATE', ({ socket }) => socket.destroy());
    server.always('GET', ({ socket }) => socket.destroy());
    await pass(5_000);
    expect(heartbeat.held).toBe(true);
    await pass(5_000);
    await pass(5_000);
    expect(heartbeat.held).toBe(false);
    server.always('UPDATE', undefined);
    server.always('GET', undefined);
    await pass(5_000);
    expect(heartbeat.held).toBe(true);
  });

  it('gives the lease up when it stops, without a holder but with a duration', async () => {
    const heartbeat = beat('me');
    await quiet();
    expect(heartbeat.held).toBe(true);
    stop.abort();
    await Promise.all(runs);
    expect(heartbeat.held).toBe(false);
    expect(lease()?.spec).not.toHaveProperty('holderIdentity');
    expect(lease()?.spec?.leaseDurationSeconds).toBe(1);
  });
});
