import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, widget, widgetDefinition, widgets } from '../testing/api-client.ts';
import type { ApiClient, TestServer } from '../testing/api-client.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
});
afterAll(() => running.stop());

interface Definition {
  metadata: { name: string };
  spec: { group: string; scope: string; names: Record<string, unknown>; versions: Record<string, unknown>[] };
}

/** A definition in a group of its own, changed a little. */
function definition(change: (definition: Definition) => void = () => {}, group = 'other.example.com'): Definition {
  const made = structuredClone(widgetDefinition()) as Definition;
  made.spec.group = group;
  made.metadata.name = `widgets.${group}`;
  change(made);
  return made;
}

describe('a custom resource definition', () => {
  it('is served when it is answered, with its names accepted', async () => {
    const { code, body } = await admin.post(definitions, widgetDefinition());
    expect(code).toBe(201);
    expect(body.status).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      acceptedNames: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      storedVersions: ['v1'],
    });
    expect((await admin.post(widgets(), widget('first'))).code).toBe(201);
    const groups = await admin.get('/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    });
    expect(groups.headers['content-type']).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(groups.body.items.map(({ metadata }) => metadata.name)).toContain('example.com');
    const listed = await admin.get('/apis/example.com/v1');
    expect(listed.body['resources']).toMatchObject([
      { name: 'widgets', shortNames: ['wd'], categories: ['things'], namespaced: true },
      { name: 'widgets/status' },
    ]);
  });

  it('applies a changed schema, columns and selectable fields at once, also to open selections', async () => {
    await admin.post(definitions, definition());
    const path = '/apis/other.example.com/v1/namespaces/default/widgets';
    const of = (name: string, spec: object) => ({ ...widget(name, spec), apiVersion: 'other.example.com/v1' });
    await admin.post(path, of('early', { size: 5, nodeName: 'n1' }));
    expect((await admin.get(`${path}?fieldSelector=spec.color%3Dred`)).code).toBe(400);
    const watch = await admin.watch(`${path}?watch=1&fieldSelector=spec.nodeName%3Dn1`);
    expect(await watch.take(1)).toEqual(['ADDED early']);
    const changed = [
      { op: 'add', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/maximum', value: 4 },
      { op: 'add', path: '/spec/versions/0/selectableFields/-', value: { jsonPath: '.spec.color' } },
    ];
    const patched = await admin.send('PATCH', `${definitions}/widgets.other.example.com`, changed, {
      'content-type': 'application/json-patch+json',
    });
    expect([patched.code, patched.body.metadata.generation]).toEqual([200, 2]);
    expect((await admin.post(path, of('big', { size: 5 }))).body.details.causes[0]!.field).toBe('spec.size');
    expect((await admin.get(`${path}?fieldSelector=spec.color%3Dred`)).body.items).toHaveLength(1);
    await admin.post(path, of('late', { size: 1, nodeName: 'n1' }));
    expect(await watch.take(1)).toEqual(['ADDED late']);
    watch.close();
  });

  it('takes its objects with it, after their finalizers', async () => {
    await admin.post(
      definitions,
      definition(() => {}, 'leaving.example.com'),
    );
    const path = '/apis/leaving.example.com/v1/namespaces/default/widgets';
    await admin.post(path, { ...widget('held', { size: 1 }, { finalizers: ['example.com/hold'] }), apiVersion: 'leaving.example.com/v1' });
    await admin.post(path, { ...widget('free'), apiVersion: 'leaving.example.com/v1' });
    const { body } = await admin.delete(`${definitions}/widgets.leaving.example.com`);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    expect((await admin.get(path)).body.items.map(({ metadata }) => metadata.name)).toEqual(['held']);
    expect((await admin.post(path, { ...widget('late'), apiVersion: 'leaving.example.com/v1' })).code).toBe(403);
    await admin.merge(`${path}/held`, { metadata: { finalizers: null } });
    expect((await admin.get(path)).code).toBe(404);
    expect((await admin.get(`${definitions}/widgets.leaving.example.com`)).code).toBe(404);
  });

  it.each<[string, (definition: Definition) => void, string]>([
    ['another name', (crd) => (crd.metadata.name = 'gadgets.other.example.com'), 'metadata.name'],
    [
      'a group without a dot',
      (crd) => Object.assign(crd, { metadata: { name: 'widgets.plain' }, spec: { ...crd.spec, group: 'plain' } }),
      'spec.group',
    ],
    ['a scope that is none', (crd) => (crd.spec.scope = 'Everywhere'), 'spec.scope'],
    ['a kind that is none', (crd) => (crd.spec.names['kind'] = 'not a kind'), 'spec.names.kind'],
    ['a short name that is none', (crd) => (crd.spec.names['shortNames'] = ['W D']), 'spec.names.shortNames[0]'],
    ['no version', (crd) => (crd.spec.versions = []), 'spec.versions'],
    ['two versions', (crd) => crd.spec.versions.push({ ...crd.spec.versions[0], name: 'v2', storage: false }), 'spec.versions'],
    ['no schema', (crd) => delete crd.spec.versions[0]!['schema'], 'spec.versions[0].schema.openAPIV3Schema'],
    [
      'a schema that is not structural',
      (crd) => (crd.spec.versions[0]!['schema'] = { openAPIV3Schema: { type: 'object', properties: { spec: { properties: {} } } } }),
      'spec.versions[0].schema.openAPIV3Schema.properties[spec].type',
    ],
    [
      'a selectable field of metadata',
      (crd) => (crd.spec.versions[0]!['selectableFields'] = [{ jsonPath: '.metadata.name' }]),
      'spec.versions[0].selectableFields[0].jsonPath',
    ],
    [
      'a column whose path cannot be read',
      (crd) => (crd.spec.versions[0]!['additionalPrinterColumns'] = [{ name: 'X', type: 'string', jsonPath: '.spec[' }]),
      'spec.versions[0].additionalPrinterColumns[0].jsonPath',
    ],
  ])('is refused with %s, and says which field it is', async (_title, change, field) => {
    const { code, body } = await admin.post(definitions, definition(change, 'bad.example.com'));
    expect([code, body.details?.causes?.map((cause) => cause.field)]).toEqual([422, expect.arrayContaining([field])]);
  });

  it('keeps its scope and kind', async () => {
    await admin.post(
      definitions,
      definition(() => {}, 'fixed.example.com'),
    );
    const { code, body } = await admin.merge(`${definitions}/widgets.fixed.example.com`, { spec: { scope: 'Cluster' } });
    expect([code, body.details.causes[0]!.field]).toEqual([422, 'spec.scope']);
  });
});
