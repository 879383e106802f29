import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { patchMetadata, patchStatus } from './patch-object.ts';
import { podType } from './resource-type.ts';
import { sendStatus, startFaultServer } from './testing/fault-server.ts';
import type { Fault, FaultServer } from './testing/fault-server.ts';

interface Pod extends KubernetesObject {
  status?: { phase?: string; count?: number; note?: string; conditions?: string[] };
}

const pods = '/api/v1/namespaces/a/pods';
const put = (server: FaultServer, status: Pod['status'], metadata: object = {}): Pod =>
  server.put(pods, { metadata: { namespace: 'a', name: 'p', ...metadata }, status }) as Pod;
const add = (fresh: Pod): Pod['status'] => ({ ...fresh.status, count: (fresh.status?.count ?? 0) + 1 });

describe('patching an object', () => {
  let server: FaultServer;
  let client: ApiClient;
  beforeEach(async () => {
    server = await startFaultServer();
    client = createApiClient({ server: server.url }, { requestTimeoutMs: 5_000 });
  });
  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  it('writes the difference to the status path, with the version as precondition, in one request', async () => {
    const object = put(server, { phase: 'A', note: 'x' });
    const result = await patchStatus(client, podType, object, () => ({ phase: 'B' }));
    expect(result.status).toEqual({ phase: 'B' });
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.path).toBe(`${pods}/p/status`);
    expect(server.seen[0]?.body).toEqual({
      metadata: { resourceVersion: object.metadata?.resourceVersion },
      status: { phase: 'B', note: null },
    });
  });

  it('sends nothing when there is nothing to write', async () => {
    const object = put(server, { phase: 'A' });
    expect(await patchStatus(client, podType, object, () => undefined)).toBe(object);
    expect(await patchStatus(client, podType, object, () => ({ phase: 'A' }))).toBe(object);
    expect(server.seen).toHaveLength(0);
  });

  it('reads again and computes again after a conflict, so that no one else’s write is lost', async () => {
    const stale = put(server, { count: 1 });
    put(server, { count: 5, note: 'by another' });
    const result = await patchStatus(client, podType, stale, add);
    expect(result.status).toEqual({ count: 6, note: 'by another' });
  });

  it('gives up after the retries with the conflict', async () => {
    const stale = put(server, { count: 1 });
    server.always('PATCH', ({ response }) => sendStatus(response, 409, 'Conflict', 'always'));
    await expect(patchStatus(client, podType, stale, add, { retries: 2 })).rejects.toMatchObject({ isConflict: true });
    expect(server.seen.filter(({ verb }) => verb === 'PATCH')).toHaveLength(3);
  });

  it.each([
    ['on a fresh connection', false],
    ['on a reused connection', true],
  ])('makes one transition when the answer of a write that was carried out is lost %s', async (_, reused) => {
    const object = put(server, { phase: 'A', count: 0 });
    if (reused) await client.list(podType);
    const commitAndCut: Fault = ({ serve, response, socket }) => {
      response.end = () => response;
      serve();
      socket.destroy();
    };
    server.next('PATCH', commitAndCut);
    const step = (fresh: Pod): Pod['status'] | undefined =>
      fresh.status?.phase === 'A' ? { phase: 'B', count: (fresh.status.count ?? 0) + 1 } : undefined;
    const result = await patchStatus(client, podType, object, step);
    expect(result.status).toEqual({ phase: 'B', count: 1 });
    expect(server.get(pods, 'p')?.['status']).toEqual({ phase: 'B', count: 1 });
  });

  it('does not write to another object of the same name', async () => {
    const gone = put(server, { count: 1 });
    server.remove(pods, 'p');
    const other = put(server, { count: 7 });
    await expect(patchStatus(client, podType, gone, add)).rejects.toMatchObject({ isNotFound: true });
    expect(server.get(pods, 'p')?.metadata?.resourceVersion).toBe(other.metadata?.resourceVersion);
  });

  it('does not repeat what the server refuses', async () => {
    const object = put(server, {});
    server.always('PATCH', ({ response }) => sendStatus(response, 422, 'Invalid', 'status.phase: not allowed'));
    const error = await patchStatus(client, podType, object, add).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ isInvalid: true });
    expect(server.seen).toHaveLength(1);
  });

  it('adds and removes finalizers and labels and leaves the rest of the metadata alone', async () => {
    const object = put(server, {}, { labels: { a: '1', b: '2' }, finalizers: ['x'] });
    const result = await patchMetadata(client, podType, object, ({ metadata }) => ({
      finalizers: [...(metadata?.finalizers ?? []), 'y'],
      labels: { a: '1', c: '3' },
    }));
    expect(result.metadata).toMatchObject({ name: 'p', uid: object.metadata?.uid, finalizers: ['x', 'y'], labels: { a: '1', c: '3' } });
    const without = await patchMetadata(client, podType, result, () => ({ finalizers: [] }));
    expect(without.metadata?.finalizers).toEqual([]);
    expect(await patchMetadata(client, podType, without, () => ({ labels: { a: '1', c: '3' } }))).toBe(without);
  });
});
