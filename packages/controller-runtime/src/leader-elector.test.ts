import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { createLeaderElector } from './leader-elector.ts';
import type { LeaderElector } from './leader-elector.ts';
import type { Lease } from './lease.ts';
import { startFaultServer } from './testing/fault-server.ts';
import type { FaultServer } from './testing/fault-server.ts';
import { trackRequests } from './testing/tracked-client.ts';
import { createVirtualClock } from './testing/virtual-clock.ts';
import type { VirtualClock } from './testing/virtual-clock.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/a/leases';

describe('the leader elector', () => {
  let server: FaultServer;
  let client: ApiClient;
  let quiet: (hanging?: number) => Promise<void>;
  let clock: VirtualClock;
  const stops: AbortController[] = [];
  const runs: Promise<void>[] = [];
  const leading = new Map<string, number>();
  let overlaps = 0;
  const candidate = (identity: string, api = client): { elector: LeaderElector; stop: AbortController; run: Promise<void> } => {
    const lead = async (signal: AbortSignal): Promise<void> => {
      leading.set(identity, (leading.get(identity) ?? 0) + 1);
      if (leading.size > 1) overlaps += 1;
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
      leading.delete(identity);
    };
    const elector = createLeaderElector({ client: api, namespace: 'a', name: 'leader', identity, lead, clock, random: () => 0 });
    const stop = new AbortController();
    stops.push(stop);
    const run = elector.run(stop.signal);
    runs.push(run);
    return { elector, stop, run };
  };
  const lease = (): Lease | undefined => server.get(leases, 'leader') as Lease | undefined;
  /** Lets time pass in small steps, each with room for the requests on real sockets. */
  const pass = async (ms: number, hanging = 0): Promise<void> => {
    await quiet(hanging);
    for (let passed = 0; passed < ms; passed += 500) {
      await clock.advance(500);
      await quiet(hanging);
    }
  };

  beforeEach(async () => {
    server = await startFaultServer();
    ({ client, quiet } = trackRequests(createApiClient({ server: server.url }, { requestTimeoutMs: 2_000 })));
    clock = createVirtualClock();
    leading.clear();
    overlaps = 0;
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop.abort();
    await client.close();
    await pass(500);
    await Promise.allSettled(runs.splice(0));
    await server.stop();
  });

  it('elects one of two, and keeps it while it renews', async () => {
    candidate('a');
    await pass(500);
    candidate('b');
    await pass(60_000);
    expect([...leading.keys()]).toEqual(['a']);
    expect(lease()?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    expect(overlaps).toBe(0);
  });

  it('hands over at once when the leader stops in good order', async () => {
    const a = candidate('a');
    await pass(500);
    candidate('b');
    await pass(4_000);
    a.stop.abort();
    await a.run;
    await pass(2_500);
    expect([...leading.keys()]).toEqual(['b']);
    expect(overlaps).toBe(0);
  });

  it('stops leading before anyone else may begin when it cannot reach the server, and competes again later', async () => {
    const { client: cutOff, quiet: quietToo } = trackRequests(createApiClient({ server: server.url, userAgent: 'cut-off' }));
    const quietOne = quiet;
    quiet = async () => {
      await quietOne();
      await quietToo();
    };
    const a = candidate('a', cutOff);
    await pass(500);
    candidate('b');
    await pass(4_000);
    for (const verb of ['GET', 'UPDATE'] as const)
      server.always(verb, ({ seen, socket, serve }) => (seen.headers['user-agent'] === 'cut-off' ? void socket.destroy() : serve()));
    await pass(10_500);
    expect(a.elector.isLeader).toBe(false);
    expect([...leading.keys()]).toEqual([]);
    await pass(8_000);
    expect([...leading.keys()]).toEqual(['b']);
    for (const verb of ['GET', 'UPDATE'] as const) server.always(verb, undefined);
    await pass(10_000);
    expect([...leading.keys()]).toEqual(['b']);
    expect(overlaps).toBe(0);
    await cutOff.close();
  });

  it('stops leading in time while its renewal hangs', async () => {
    const a = candidate('a');
    await pass(500);
    expect(a.elector.isLeader).toBe(true);
    server.always('UPDATE', () => undefined);
    await pass(10_500, 1);
    expect([...leading.keys()]).toEqual([]);
    expect(a.elector.isLeader).toBe(false);
  });

  it('stops when another has written itself into the lease', async () => {
    candidate('a');
    await pass(500);
    const stored = lease() as Lease & Record<string, unknown>;
    server.put(leases, { ...stored, spec: { ...stored.spec, holderIdentity: 'thief' } });
    await pass(3_000);
    expect([...leading.keys()]).toEqual([]);
    expect(lease()?.spec?.holderIdentity).toBe('thief');
  });

  it('fails with the work, and gives the lease up', async () => {
    const lead = (): Promise<void> => Promise.reject(new Error('the work failed'));
    const elector = createLeaderElector({ client, namespace: 'a', name: 'leader', identity: 'a', lead, clock });
    await expect(elector.run(new AbortController().signal)).rejects.toThrow('the work failed');
    expect(lease()?.spec).not.toHaveProperty('holderIdentity');
  });

  it('refuses times that would let two lead', () => {
    const options = { client, namespace: 'a', name: 'leader', identity: 'a', lead: () => Promise.resolve() };
    expect(() => createLeaderElector({ ...options, renewDeadlineMs: 15_000 })).toThrow(TypeError);
    expect(() => createLeaderElector({ ...options, retryMs: 10_000 })).toThrow(TypeError);
  });
});
