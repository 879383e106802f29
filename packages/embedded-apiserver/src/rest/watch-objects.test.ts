import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, widget, widgetDefinition, widgets } from '../testing/api-client.ts';
import type { ApiClient, TestServer } from '../testing/api-client.ts';

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
  await admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition());
});
afterAll(() => running.stop());

async function namespace(name: string): Promise<string> {
  await admin.post('/api/v1/namespaces', { metadata: { name } });
  return widgets(name);
}

it('shows what is there, then what happens', async () => {
  const path = await namespace('from-now');
  await admin.post(path, widget('a'));
  const watch = await admin.watch(`${path}?watch=true`);
  expect(await watch.take(1)).toEqual(['ADDED a']);
  await admin.post(path, widget('b'));
  await admin.merge(`${path}/a`, { spec: { size: 2 } });
  await admin.delete(`${path}/b`);
  expect(await watch.take(3)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  watch.close();
});

it('begins after a resourceVersion, missing nothing that happened since', async () => {
  const path = await namespace('from-then');
  const { body } = await admin.post(path, widget('a'));
  await admin.post(path, widget('b'));
  await admin.delete(`${path}/a`);
  const watch = await admin.watch(`${path}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
  const events = [await watch.next(), await watch.next()];
  expect(events.map((event) => `${event!.type} ${event!.object.metadata.name}`)).toEqual(['ADDED b', 'DELETED a']);
  const versions = events.map((event) => Number(event!.object.metadata.resourceVersion));
  expect(versions).toEqual([Number(body.metadata.resourceVersion) + 1, Number(body.metadata.resourceVersion) + 2]);
  watch.close();
});

it('tells a selecting watcher that an object came into its selection or left it', async () => {
  const path = await namespace('selecting');
  const { body } = await admin.post(path, widget('w', { size: 1, nodeName: 'n1' }));
  const from = `watch=1&resourceVersion=${body.metadata.resourceVersion}`;
  const n1 = await admin.watch(`${path}?${from}&fieldSelector=spec.nodeName%3Dn1`);
  const n2 = await admin.watch(`${path}?${from}&fieldSelector=spec.nodeName%3Dn2`);
  const labelled = await admin.watch(`${path}?${from}&labelSelector=team%20in%20(a,b)`);
  await admin.merge(`${path}/w`, { spec: { size: 2 } });
  await admin.merge(`${path}/w`, { spec: { nodeName: 'n2' } });
  const { body: last } = await admin.merge(`${path}/w`, { metadata: { labels: { team: 'a' } } });
  expect(await n1.take(1)).toEqual(['MODIFIED w']);
  const left = await n1.next();
  expect([left!.type, (left!.object.spec as { nodeName: string }).nodeName]).toEqual(['DELETED', 'n1']);
  expect(Number(left!.object.metadata.resourceVersion)).toBe(Number(last.metadata.resourceVersion) - 1);
  expect(await n2.take(2)).toEqual(['ADDED w', 'MODIFIED w']);
  expect(await labelled.take(1)).toEqual(['ADDED w']);
  await admin.delete(`${path}/w`);
  expect(await n2.take(1)).toEqual(['DELETED w']);
  expect(await labelled.take(1)).toEqual(['DELETED w']);
  for (const watch of [n1, n2, labelled]) watch.close();
});

it('is Gone for a resourceVersion that the server never gave', async () => {
  await expect(admin.watch(`${widgets()}?watch=1&resourceVersion=999999999`)).rejects.toMatchObject({ code: 410 });
});

it('refuses selectors that are none, and fields that are not selectable', async () => {
  for (const query of [
    'labelSelector=a%20in%20(b',
    'labelSelector=%3D',
    'fieldSelector=spec.size%3D1',
    'fieldSelector=metadata.name',
    'resourceVersion=x',
  ]) {
    await expect(admin.watch(`${widgets()}?watch=1&${query}`)).rejects.toMatchObject({ code: 400 });
  }
});

it('ends after timeoutSeconds, with a bookmark where one was asked for', async () => {
  const watch = await admin.watch(`${widgets()}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=1`);
  const bookmark = await watch.next();
  expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Widget', apiVersion: 'example.com/v1' } });
  expect(Number(bookmark!.object.metadata.resourceVersion)).toBeGreaterThan(1);
  expect(await watch.next()).toBeUndefined();
});

it('streams a list with sendInitialEvents, and marks its end', async () => {
  const path = await namespace('streaming');
  await admin.post(path, widget('a'));
  await admin.post(path, widget('b'));
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const watch = await admin.watch(`${path}?${query}`);
  expect(await watch.take(2)).toEqual(['ADDED a', 'ADDED b']);
  expect(await watch.next()).toMatchObject({
    type: 'BOOKMARK',
    object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
  });
  watch.close();
  await expect(admin.watch(`${path}?watch=1&sendInitialEvents=true`)).rejects.toMatchObject({ code: 422 });
});

it('watches one object by its own path', async () => {
  const path = await namespace('single');
  await admin.post(path, widget('a'));
  const watch = await admin.watch(`${path}/a?watch=1`);
  await admin.post(path, widget('b'));
  await admin.delete(`${path}/a`);
  expect(await watch.take(2)).toEqual(['ADDED a', 'DELETED a']);
  watch.close();
});

it('sends tables, the columns in the first only', async () => {
  const path = await namespace('tables');
  await admin.post(path, widget('a'));
  const watch = await admin.watch(`${path}?watch=1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const first = await watch.next();
  await admin.post(path, widget('b'));
  const second = await watch.next();
  expect(first!.object).toMatchObject({ kind: 'Table', rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }] });
  expect(first!.object['columnDefinitions']).toMatchObject([{ name: 'Name' }, { name: 'Node' }, { name: 'Phase' }, { name: 'Size' }]);
  expect(second!.object).toMatchObject({ kind: 'Table', columnDefinitions: null, rows: [{ object: { metadata: { name: 'b' } } }] });
  watch.close();
});

it('ends when the resource is no longer served', async () => {
  const definition = widgetDefinition() as { metadata: { name: string }; spec: { group: string } };
  definition.metadata.name = 'widgets.gone.example.com';
  definition.spec.group = 'gone.example.com';
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  expect((await admin.post(definitions, definition)).code).toBe(201);
  const watch = await admin.watch('/apis/gone.example.com/v1/widgets?watch=1');
  await admin.delete(`${definitions}/widgets.gone.example.com`);
  expect(await watch.next()).toBeUndefined();
  expect((await admin.get('/apis/gone.example.com/v1/widgets')).code).toBe(404);
});

it('cuts off a watcher that does not read, and serves the others', async () => {
  const path = await namespace('slow');
  const slow = await admin.watch(`${path}?watch=1&resourceVersion=1`); // reads nothing: its stream is paused
  const quick = await admin.watch(`${path}?watch=1`);
  const annotations = { big: 'x'.repeat(200_000) };
  let count = 0;
  const reading = (async () => {
    while ((await quick.next()) !== undefined) count += 1;
  })();
  for (let index = 0; index < 150; index += 1)
    expect((await admin.post(path, widget(`w${index}`, { size: 1 }, { annotations }))).code).toBe(201);
  while (count < 150) await delay(10);
  let seen = 0;
  while ((await slow.next()) !== undefined) seen += 1;
  expect(seen).toBeLessThan(150);
  quick.close();
  await reading;
});
