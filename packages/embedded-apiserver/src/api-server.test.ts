import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startApiServer } from './api-server.ts';
import { ApiClient, startTestServer, tokens, widget, widgetDefinition, widgets } from './testing/api-client.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-apiserver-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

it('keeps objects, definitions, certificates and the count of revisions over a restart', async () => {
  const first = await startTestServer({ directory });
  await first.admin.post(definitions, widgetDefinition());
  const { body } = await first.admin.post(widgets(), widget('kept'));
  await first.admin.post(widgets(), widget('removed'));
  await first.admin.delete(`${widgets()}/removed`);
  await first.stop();
  const second = await startTestServer({ directory });
  expect(second.server.ca).toBe(first.server.ca);
  expect((await second.admin.get(`${widgets()}/kept`)).body).toEqual(body);
  const { body: next } = await second.admin.post(widgets(), widget('next'));
  expect(Number(next.metadata.resourceVersion)).toBe(Number(body.metadata.resourceVersion) + 3);
  const watch = await second.admin.watch(`${widgets()}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  expect(await watch.take(3)).toEqual(['ADDED removed', 'DELETED removed', 'ADDED next']);
  watch.close();
  await second.stop();
});

it('is refused to a second server in the same directory', async () => {
  const first = await startTestServer({ directory });
  await expect(startTestServer({ directory })).rejects.toMatchObject({ code: 'KDR_APISERVER_DIRECTORY_IN_USE' });
  await first.stop();
  await (await startTestServer({ directory })).stop();
});

it('keeps what it holds from other users', async () => {
  const { stop } = await startTestServer({ directory });
  const mode = (path: string) => statSync(join(directory, path)).mode & 0o777;
  expect([mode('state.db'), mode('pki/ca.key'), mode('pki/server.key')]).toEqual([0o600, 0o600, 0o600]);
  await stop();
});

it('refuses weak and doubled tokens, and an address that is taken', async () => {
  const user = { username: 'u', groups: [] };
  await expect(startApiServer({ directory, identities: [{ token: 'short', user }] })).rejects.toMatchObject({
    code: 'KDR_APISERVER_TOKEN_INVALID',
  });
  const twice = { token: 'x'.repeat(32), user };
  await expect(startApiServer({ directory, identities: [twice, twice] })).rejects.toMatchObject({ code: 'KDR_APISERVER_TOKEN_INVALID' });
  const { server, stop } = await startTestServer();
  await expect(startApiServer({ directory, identities: [], port: server.port })).rejects.toMatchObject({
    code: 'KDR_APISERVER_LISTEN_FAILED',
  });
  await stop();
});

it('shows nothing but health and version to whoever has no token', async () => {
  const { server, admin, stop } = await startTestServer({ directory });
  const nobody = new ApiClient(server);
  const stranger = new ApiClient(server, 'not-a-token-of-this');
  for (const path of ['/healthz', '/livez', '/readyz', '/version']) expect((await nobody.get(path)).code).toBe(200);
  for (const path of ['/api', '/apis', '/api/v1/namespaces', '/openapi/v3', '/nothing']) {
    const { code, body } = await nobody.get(path);
    expect([code, body.kind, body.reason]).toEqual([401, 'Status', 'Unauthorized']);
  }
  expect((await stranger.get('/healthz')).code).toBe(401);
  const review = await new ApiClient(server, tokens.other).post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  expect(review.body.status).toEqual({ userInfo: { username: 'other', groups: ['people', 'system:authenticated'] } });
  expect((await admin.get('/nothing')).code).toBe(404);
  nobody.close();
  stranger.close();
  await stop();
});

it('ends its watches when it stops', async () => {
  const { admin, stop } = await startTestServer({ directory });
  const watch = await admin.watch('/api/v1/namespaces?watch=1');
  expect(await watch.take(2)).toEqual(['ADDED default', 'ADDED kube-system']);
  const stopped = stop();
  expect(await watch.next()).toBeUndefined();
  await stopped;
});

it('lets Events go an hour after they were written', async () => {
  let now = Date.UTC(2026, 0, 1);
  const early = await startTestServer({ directory, clock: { now: () => now } });
  await early.admin.post('/api/v1/namespaces/default/events', { metadata: { name: 'old' }, involvedObject: { namespace: 'default' } });
  now += 3_000_000;
  await early.admin.post('/api/v1/namespaces/default/events', { metadata: { name: 'new' }, involvedObject: { namespace: 'default' } });
  await early.stop();
  now += 1_000_000;
  const late = await startTestServer({ directory, clock: { now: () => now } });
  expect((await late.admin.get('/api/v1/events')).body.items.map(({ metadata }) => metadata.name)).toEqual(['new']);
  await late.stop();
});

it('is Gone for watches, pages and revisions that are older than five minutes', async () => {
  let now = Date.UTC(2026, 0, 1);
  const { admin, stop } = await startTestServer({ directory, clock: { now: () => now } });
  const configMaps = '/api/v1/namespaces/default/configmaps';
  const { body: old } = await admin.post(configMaps, { metadata: { name: 'a' } });
  await admin.post(configMaps, { metadata: { name: 'b' } });
  const page = await admin.get(`${configMaps}?limit=1`);
  const { continue: token } = page.body.metadata as unknown as { continue: string };
  await admin.post(configMaps, { metadata: { name: 'bb' } });
  now += 301_000;
  const { body: recent } = await admin.post(configMaps, { metadata: { name: 'c' } });
  await admin.post(configMaps, { metadata: { name: 'd' } });
  const rv = old.metadata.resourceVersion;
  await expect(admin.watch(`${configMaps}?watch=1&resourceVersion=${rv}`)).rejects.toMatchObject({ code: 410 });
  for (const query of [`limit=1&continue=${token}`, `resourceVersion=${rv}&resourceVersionMatch=Exact`]) {
    const { code, body } = await admin.get(`${configMaps}?${query}`);
    expect([code, body.reason]).toEqual([410, 'Expired']);
  }
  const watch = await admin.watch(`${configMaps}?watch=1&resourceVersion=${recent.metadata.resourceVersion}`);
  expect(await watch.take(1)).toEqual(['ADDED d']);
  watch.close();
  await stop();
});

it('has everything that it answered for after kill -9', async () => {
  const program = `
    import { startApiServer } from ${JSON.stringify(new URL('./api-server.ts', import.meta.url).href)};
    const { url, ca } = await startApiServer({ directory: process.argv[1], identities: [{ token: '${tokens.admin}', user: { username: 'admin', groups: [] } }] });
    console.log(JSON.stringify({ url, ca }));`;
  const child = spawn(process.execPath, ['--conditions=kdr-source', '--input-type=module', '-e', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const client = new ApiClient(JSON.parse(line) as { url: string; ca: string }, tokens.admin);
  const answered: string[] = [];
  const write = async (writer: number) => {
    for (let index = 0; ; index += 1) {
      const { body } = await client.post('/api/v1/namespaces/default/configmaps', {
        metadata: { name: `w${writer}-${index}` },
        data: { filling: 'x'.repeat(2_000) },
      });
      answered.push(`${body.metadata.name} ${body.metadata.resourceVersion}`);
    }
  };
  const writers = [0, 1, 2, 3].map((writer) => write(writer).catch(() => {}));
  while (answered.length < 200) await delay(5);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await Promise.all(writers);
  client.close();
  const { admin, stop } = await startTestServer({ directory });
  const { body } = await admin.get('/api/v1/namespaces/default/configmaps');
  const kept = new Set(body.items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`));
  expect(answered.filter((each) => !kept.has(each))).toEqual([]);
  const newest = Math.max(...[...kept].map((each) => Number(each.split(' ')[1])));
  const { body: next } = await admin.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'next' } });
  expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(newest);
  await stop();
});
