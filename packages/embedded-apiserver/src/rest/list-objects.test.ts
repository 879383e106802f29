import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestServer, widget, widgetDefinition, widgets } from '../testing/api-client.ts';
import type { Answer, ApiClient, TestServer } from '../testing/api-client.ts';

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
  await admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition());
  for (const name of ['e', 'b', 'd', 'a', 'c']) {
    await admin.post(
      widgets(),
      widget(name, { size: 1, nodeName: name < 'c' ? 'n1' : 'n2' }, { labels: { letter: name, tier: name < 'c' ? '1' : '2' } }),
    );
  }
  await admin.post(widgets('kube-system'), widget('elsewhere'));
});
afterAll(() => running.stop());

const names = ({ body }: Answer) => body.items.map(({ metadata }) => metadata.name).join('');

it('lists by namespace and name, with a resourceVersion to watch from', async () => {
  const one = await admin.get(widgets());
  expect([names(one), one.body.kind, one.body.apiVersion]).toEqual(['abcde', 'WidgetList', 'example.com/v1']);
  expect(one.body.items[0]).toMatchObject({ apiVersion: 'example.com/v1', kind: 'Widget' });
  expect(Number(one.body.metadata.resourceVersion)).toBe(
    Number((await admin.get(`${widgets('kube-system')}/elsewhere`)).body.metadata.resourceVersion),
  );
  expect(names(await admin.get('/apis/example.com/v1/widgets'))).toBe('abcdeelsewhere');
  expect(names(await admin.get(widgets('nowhere')))).toBe('');
});

it.each([
  ['labelSelector', 'letter=a', 'a'],
  ['labelSelector', 'letter==a', 'a'],
  ['labelSelector', 'letter!=a', 'bcde'],
  ['labelSelector', 'letter in (a, e),tier=2', 'e'],
  ['labelSelector', 'letter notin (a,b)', 'cde'],
  ['labelSelector', '!letter', ''],
  ['labelSelector', 'tier>1', 'cde'],
  ['fieldSelector', 'spec.nodeName=n1', 'ab'],
  ['fieldSelector', 'spec.nodeName!=n1,metadata.name!=c', 'de'],
  ['fieldSelector', 'metadata.name=d', 'd'],
])('selects by %s %s', async (parameter, selector, expected) => {
  expect(names(await admin.get(`${widgets()}?${parameter}=${encodeURIComponent(selector)}`))).toBe(expected);
});

it('gives pages of one state, whatever is written between them', async () => {
  const first = await admin.get(`${widgets()}?limit=2`);
  expect(first.body.metadata).toMatchObject({ remainingItemCount: 3 });
  await admin.delete(`${widgets()}/d`);
  await admin.merge(`${widgets()}/e`, { spec: { size: 9 } });
  await admin.post(widgets(), widget('bb'));
  const token = (first.body.metadata as unknown as { continue: string }).continue;
  const second = await admin.get(`${widgets()}?limit=2&continue=${token}`);
  const third = await admin.get(`${widgets()}?limit=2&continue=${(second.body.metadata as unknown as { continue: string }).continue}`);
  expect([first, second, third].map(names)).toEqual(['ab', 'cd', 'e']);
  expect((third.body.items[0]!.spec as { size: number }).size).toBe(1);
  expect(third.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  expect(third.body.metadata).not.toHaveProperty('continue');
  expect(names(await admin.get(`${widgets()}?resourceVersion=${first.body.metadata.resourceVersion}&resourceVersionMatch=Exact`))).toBe(
    'abcde',
  );
  expect(names(await admin.get(`${widgets()}?resourceVersion=0`))).toBe('abbbce');
});

it('refuses what is no page, number or revision', async () => {
  expect((await admin.get(`${widgets()}?continue=nonsense`)).code).toBe(400);
  expect((await admin.get(`${widgets()}?limit=-1`)).code).toBe(400);
  expect((await admin.get(`${widgets()}?resourceVersion=99999999`)).code).toBe(504);
});

it('gives metadata only, or tables, where asked', async () => {
  const partial = await admin.get(widgets(), {
    accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  });
  expect(partial.body.kind).toBe('PartialObjectMetadataList');
  expect(Object.keys(partial.body.items[0]!)).toEqual(['kind', 'apiVersion', 'metadata']);
  const table = await admin.get(`${widgets()}/a`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
  expect(table.body).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', 'n1', null, 1], object: { metadata: { name: 'a' } } }] });
  expect((await admin.get(widgets(), { accept: 'application/vnd.kubernetes.protobuf' })).code).toBe(406);
});
