import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import type { ApiClient, ApiClientOptions } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { ApiServerConfig } from './api-server-config.ts';
import type { KubernetesObject } from './kubernetes-object.ts';
import { nodeType, podType } from './resource-type.ts';
import { eventually } from './testing/eventually.ts';
import { sendStatus, startFaultServer } from './testing/fault-server.ts';
import type { Fault, FaultServer } from './testing/fault-server.ts';
import { createJumpingClock } from './testing/virtual-clock.ts';

interface Pod extends KubernetesObject {
  spec?: unknown;
}

const pods = '/api/v1/namespaces/a/pods';
const pod = (name: string, extra: object = {}): Pod & Record<string, unknown> => ({ metadata: { namespace: 'a', name, ...extra } });
const cut: Fault = ({ socket }) => socket.destroy();
/** Does what is asked and loses the answer. */
const commitAndCut: Fault = ({ serve, response, socket }) => {
  response.end = () => response;
  serve();
  socket.destroy();
};

describe('the API client', () => {
  let server: FaultServer;
  const clients: ApiClient[] = [];
  const connect = (options: ApiClientOptions = {}, config: Partial<ApiServerConfig> = {}): ApiClient => {
    const client = createApiClient({ server: server.url, ...config }, options);
    clients.push(client);
    return client;
  };
  const failure = async (promise: Promise<unknown>): Promise<ApiError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  };

  beforeEach(async () => {
    server = await startFaultServer();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.stop();
  });

  it('creates, reads, replaces, patches, lists and deletes', async () => {
    const client = connect();
    const created = await client.create<Pod>(podType, pod('p'));
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', uid: 'uid-1' } });
    const replaced = await client.replace<Pod>(podType, { ...created, spec: { x: 1 } });
    const patched = await client.patch<Pod>(podType, { namespace: 'a', name: 'p' }, { spec: { x: null, y: 2 } }, { type: 'merge' });
    expect(patched.spec).toEqual({ y: 2 });
    expect(replaced.metadata?.resourceVersion).not.toBe(patched.metadata?.resourceVersion);
    expect(await client.get<Pod>(podType, { namespace: 'a', name: 'p' })).toEqual(patched);
    expect((await client.list<Pod>(podType)).items).toHaveLength(1);
    await client.delete(podType, { namespace: 'a', name: 'p' }, { preconditions: { uid: 'uid-1' } });
    expect(server.get(pods, 'p')).toBeUndefined();
  });

  it('sends the content type of each kind of patch, and to the status path', async () => {
    const client = connect();
    server.put(pods, pod('p'));
    await client.patch(podType, { namespace: 'a', name: 'p' }, { status: {} }, { type: 'merge', subresource: 'status' });
    await failure(client.patch(podType, { namespace: 'a', name: 'gone' }, [{ op: 'remove', path: '/x' }], { type: 'json' }));
    const [merge, json] = server.seen.filter(({ verb }) => verb === 'PATCH');
    expect(merge?.path).toBe(`${pods}/p/status`);
    expect(merge?.headers['content-type']).toBe('application/merge-patch+json');
    expect(json?.headers['content-type']).toBe('application/json-patch+json');
  });

  it('refuses a call whose path would be the collection, before anything is sent', async () => {
    const client = connect();
    await expect(client.delete(podType, { namespace: 'a', name: '' })).rejects.toThrow(TypeError);
    await expect(client.delete(podType, { name: 'p' })).rejects.toThrow('needs a namespace');
    await expect(client.get(podType, { namespace: '..', name: 'p' })).rejects.toThrow(TypeError);
    await expect(client.create(podType, { metadata: { name: 'p' } })).rejects.toThrow('namespaced');
    expect(server.seen).toHaveLength(0);
  });

  it('turns a Status into an error with the words of the server', async () => {
    const client = connect();
    const missing = await failure(client.get(podType, { namespace: 'a', name: 'p' }));
    expect(missing).toMatchObject({ isNotFound: true, status: 404, reason: 'NotFound', message: 'pods/a/p not found' });
    server.put(pods, pod('p'));
    expect(await failure(client.create(podType, pod('p')))).toMatchObject({ isAlreadyExists: true, isConflict: false });
    const stale = await failure(client.replace(podType, pod('p', { resourceVersion: '1' })));
    expect(stale).toMatchObject({ isConflict: true, isAlreadyExists: false });
    server.next('GET', ({ response }) => response.writeHead(502).end('<html>bad gateway'));
    const proxy = await failure(client.get(podType, { namespace: 'a', name: 'p' }));
    expect(proxy.status).toBe(502);
    expect(proxy.message).toContain('<html>bad gateway');
  });

  it('uses one connection again and again, and no more than maxSockets', async () => {
    const client = connect({ maxSockets: 3 });
    server.put(pods, pod('p'));
    for (let i = 0; i < 20; i += 1) await client.get(podType, { namespace: 'a', name: 'p' });
    expect(new Set(server.seen.map(({ connection }) => connection)).size).toBe(1);
    await Promise.all(Array.from({ length: 60 }, () => client.get(podType, { namespace: 'a', name: 'p' })));
    expect(new Set(server.seen.map(({ connection }) => connection)).size).toBe(3);
  });

  it('tells the server’s time by its own clock, to the second', async () => {
    const dates = ['Wed, 01 Jan 2031 12:00:05 GMT', undefined, 'soon'];
    const clock = createServer((_, response) => {
      const date = dates.shift();
      response.sendDate = false;
      response.writeHead(200, { 'content-type': 'application/json', ...(date !== undefined && { date }) }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(clock, 'listening');
    const client = connect({}, { server: `http://127.0.0.1:${(clock.address() as AddressInfo).port}` });
    try {
      expect(await client.serverTime()).toEqual(new Date('2031-01-01T12:00:05Z'));
      for (const _ of [1, 2]) expect(await failure(client.serverTime())).toMatchObject({ reason: 'MalformedResponse' });
    } finally {
      clock.closeAllConnections();
      clock.close();
    }
  });

  it('gives up at the deadline when no headers come, and when the body stalls', async () => {
    const client = connect({ requestTimeoutMs: 150 });
    server.next(
      'GET',
      () => undefined,
      ({ response }) => response.writeHead(200, { 'content-length': '100' }).write('{'),
    );
    for (const _ of [1, 2]) {
      const error = await failure(client.get(podType, { namespace: 'a', name: 'p' }));
      expect(error).toMatchObject({ isUnreachable: true, reason: 'DeadlineExceeded' });
    }
    await client.request('GET', '/version').catch(() => undefined);
    expect(server.openSockets).toBe(1);
  });

  it('fails what is under way and what comes later when it is closed', async () => {
    const client = connect();
    server.always('LIST', () => undefined);
    const under = failure(client.list(podType));
    await eventually(() => server.seen.length === 1, 'the request is under way');
    await client.close();
    expect((await under).isUnreachable).toBe(true);
    expect(await failure(client.list(podType))).toMatchObject({ reason: 'Aborted' });
  });

  it('says Unreachable when nobody listens', async () => {
    const dead = await startFaultServer();
    await dead.stop();
    const error = await failure(createApiClient({ server: dead.url }).get(nodeType, { name: 'n' }));
    expect(error).toMatchObject({ isUnreachable: true, reason: 'Unreachable' });
  });

  describe('on a reused connection that breaks', () => {
    it('asks again once for a read', async () => {
      const client = connect();
      server.put(pods, pod('p'));
      await client.get(podType, { namespace: 'a', name: 'p' });
      server.next('GET', cut);
      await client.get(podType, { namespace: 'a', name: 'p' });
      expect(server.seen).toHaveLength(3);
    });

    it('does not ask again on a fresh one, nor a second time', async () => {
      const client = connect();
      server.next('GET', cut);
      expect((await failure(client.get(podType, { namespace: 'a', name: 'p' }))).isUnreachable).toBe(true);
      expect(server.seen).toHaveLength(1);
    });

    it('repeats a create with a name, and says that AlreadyExists may be its own echo', async () => {
      const client = connect();
      await client.list(podType);
      server.next('CREATE', commitAndCut);
      expect(await failure(client.create(podType, pod('p')))).toMatchObject({ isAlreadyExists: true, retried: true });
    });

    it('repeats a write with a resourceVersion, and says that the conflict may be its own echo', async () => {
      const client = connect();
      const stored = server.put(pods, pod('p'));
      await client.list(podType);
      server.next('UPDATE', commitAndCut);
      expect(await failure(client.replace(podType, stored))).toMatchObject({ isConflict: true, retried: true });
    });

    it.each([
      [
        'a create with generateName',
        (client: ApiClient) => client.create(podType, { metadata: { namespace: 'a', generateName: 'p-' } }),
        'CREATE',
      ],
      ['a replace without a version', (client: ApiClient) => client.replace(podType, pod('p')), 'UPDATE'],
      [
        'a patch without a version',
        (client: ApiClient) => client.patch(podType, { namespace: 'a', name: 'p' }, { x: 1 }, { type: 'merge' }),
        'PATCH',
      ],
      ['a delete without a precondition', (client: ApiClient) => client.delete(podType, { namespace: 'a', name: 'p' }), 'DELETE'],
    ] as const)('never repeats %s', async (_, act, verb) => {
      const client = connect();
      server.put(pods, pod('p'));
      await client.list(podType);
      server.always(verb, cut);
      expect((await failure(act(client))).isUnreachable).toBe(true);
      expect(server.seen.filter((request) => request.verb === verb)).toHaveLength(1);
    });
  });

  describe('when the server asks to wait', () => {
    const busy =
      (code: number, seconds: string): Fault =>
      ({ response }) =>
        sendStatus(response, code, 'Busy', 'slow down', { 'retry-after': seconds });

    it('waits as long as a 429 says and asks again, for writes too', async () => {
      const clock = createJumpingClock();
      const client = connect({ clock, random: () => 0 });
      server.next('CREATE', busy(429, '2'), busy(429, '1'));
      await client.create(podType, { metadata: { namespace: 'a', generateName: 'p-', name: 'x' } });
      expect(clock.pauses).toEqual([2_000, 1_000]);
    });

    it('repeats after a 503 only what does no harm twice', async () => {
      const clock = createJumpingClock();
      const client = connect({ clock });
      server.next('LIST', busy(503, '1'));
      await client.list(podType);
      server.next('UPDATE', busy(503, '1'));
      server.put(pods, pod('p'));
      expect(await failure(client.replace(podType, pod('p')))).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    });

    it('gives up after four tries, and at once when asked to wait for long', async () => {
      const clock = createJumpingClock();
      const client = connect({ clock });
      server.always('LIST', busy(429, '1'));
      expect(await failure(client.list(podType))).toMatchObject({ status: 429, retryAfterSeconds: 1 });
      expect(server.seen).toHaveLength(4);
      server.always('LIST', busy(429, '30'));
      expect(await failure(client.list(podType))).toMatchObject({ status: 429, retryAfterSeconds: 30 });
      expect(server.seen).toHaveLength(5);
    });
  });

  describe('with a token file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'token-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it('reads it again after a 401, once, and asks again', async () => {
      const tokenFile = join(folder, 'token');
      writeFileSync(tokenFile, 'old\n');
      const client = connect({}, { tokenFile });
      const valid: Fault = ({ seen, response, serve }) =>
        seen.headers.authorization === 'Bearer new' ? serve() : sendStatus(response, 401, 'Unauthorized', 'no');
      server.always('LIST', valid);
      expect((await failure(client.list(podType))).status).toBe(401);
      expect(server.seen).toHaveLength(1);
      writeFileSync(tokenFile, 'new\n');
      await client.list(podType);
      expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
    });

    it('notices a rotated file without a 401', async () => {
      const tokenFile = join(folder, 'token');
      writeFileSync(tokenFile, 'old');
      const clock = createJumpingClock();
      const client = connect({ clock }, { tokenFile });
      await client.list(podType);
      writeFileSync(tokenFile, 'new');
      utimesSync(tokenFile, 1, 1);
      await new Promise<void>((resolve) => clock.schedule(10_001, resolve));
      await client.list(podType);
      expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    });
  });

  describe('over TLS', () => {
    const certify = () =>
      generate([{ name: 'commonName', value: '127.0.0.1' }], {
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
      });

    it('trusts the given authority and nothing else, and makes one handshake', async () => {
      const pems = await certify();
      const secure = await startFaultServer({ key: pems.private, cert: pems.cert });
      const trusting = createApiClient({ server: secure.url, ca: pems.cert });
      for (let i = 0; i < 5; i += 1) await trusting.list(podType);
      expect(new Set(secure.seen.map(({ connection }) => connection)).size).toBe(1);
      const stranger = createApiClient({ server: secure.url, ca: (await certify()).cert });
      expect(await failure(stranger.list(podType))).toMatchObject({ isUnreachable: true, reason: 'Untrusted' });
      await trusting.close();
      await secure.stop();
    });

    it('follows a rotated authority, for requests of every kind and for watches', async () => {
      const [old, renewed] = [await certify(), await certify()];
      const folder = mkdtempSync(join(tmpdir(), 'authority-'));
      const caFile = join(folder, 'ca.crt');
      writeFileSync(caFile, old.cert);
      const secure = await startFaultServer({ key: renewed.private, cert: renewed.cert });
      const client = createApiClient({ server: secure.url, caFile });
      expect((await failure(client.list(podType))).reason).toBe('Untrusted');
      writeFileSync(caFile, renewed.cert);
      await client.create(podType, { metadata: { namespace: 'a', generateName: 'x', name: 'p' } });
      const events = client.watch<Pod>(podType, { resourceVersion: '1' })[Symbol.asyncIterator]();
      expect((await events.next()).value).toMatchObject({ type: 'ADDED' });
      await client.close();
      await secure.stop();
      rmSync(folder, { recursive: true });
    });
  });

  it('counts requests by code and method in the registry of the caller', async () => {
    const metrics = new Registry();
    const client = connect({ metrics });
    await client.list(podType);
    await failure(client.get(podType, { namespace: 'a', name: 'p' }));
    const text = await metrics.metrics();
    expect(text).toContain('rest_client_requests_total{code="200",method="GET"} 1');
    expect(text).toContain('rest_client_requests_total{code="404",method="GET"} 1');
  });
});
