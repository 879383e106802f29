import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, widget, widgetDefinition, widgets } from '../testing/api-client.ts';
import type { ApiClient, TestServer } from '../testing/api-client.ts';

let running: TestServer;
let admin: ApiClient;
beforeAll(async () => {
  running = await startTestServer();
  admin = running.admin;
  expect((await admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition())).code).toBe(201);
});
afterAll(() => running.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';

describe('create', () => {
  it('gives an object its uid, time, generation and resourceVersion, and ignores those of the client', async () => {
    const { code, body } = await admin.post(
      widgets(),
      widget('made', { size: 2 }, { uid: 'mine', resourceVersion: '', generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' }),
    );
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({ name: 'made', namespace: 'default', generation: 1 });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(2);
    expect(body.metadata.creationTimestamp).toMatch(/^20(?!01)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await admin.get(`${widgets()}/made`)).body).toEqual(body);
  });

  it('makes a name from generateName', async () => {
    const { body } = await admin.post(configMaps, { metadata: { generateName: 'gen-' } });
    expect(body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  it('says AlreadyExists for a name that is taken', async () => {
    await admin.post(widgets(), widget('taken'));
    const { code, body } = await admin.post(widgets(), widget('taken'));
    expect(code).toBe(409);
    expect(body).toMatchObject({ kind: 'Status', reason: 'AlreadyExists', message: 'widgets.example.com "taken" already exists' });
  });

  it.each([
    ['Upper', 'metadata.name'],
    ['', 'metadata.name'],
    ['a'.repeat(254), 'metadata.name'],
  ])('refuses the name %j and says which field it is', async (name, field) => {
    const { code, body } = await admin.post(widgets(), widget(name));
    expect(code).toBe(422);
    expect(body.details.causes.map((cause) => cause.field)).toContain(field);
  });

  it('refuses labels, finalizers and owners that are none', async () => {
    const metadata = { name: 'bad', labels: { 'a b': 'x', ok: 'not ok!' }, finalizers: ['no good'], ownerReferences: [{ kind: 'Pod' }] };
    const { code, body } = await admin.post(widgets(), { ...widget('bad'), metadata });
    expect(code).toBe(422);
    const fields = body.details.causes.map((cause) => cause.field);
    expect(new Set(fields)).toEqual(
      new Set([
        'metadata.labels',
        'metadata.finalizers[0]',
        'metadata.ownerReferences[0].apiVersion',
        'metadata.ownerReferences[0].name',
        'metadata.ownerReferences[0].uid',
      ]),
    );
  });

  it('does not write into a namespace that is not there', async () => {
    const { code, body } = await admin.post(widgets('nowhere'), widget('lost'));
    expect([code, body.reason, body.message]).toEqual([404, 'NotFound', 'namespaces "nowhere" not found']);
  });

  it('refuses another kind, another version, and a body that is no object', async () => {
    expect((await admin.post(widgets(), { ...widget('x'), kind: 'Gadget' })).code).toBe(400);
    expect((await admin.post(widgets(), { ...widget('x'), apiVersion: 'example.com/v2' })).code).toBe(400);
    expect((await admin.post(widgets(), [1])).code).toBe(400);
    expect((await admin.post(widgets(), { ...widget('x'), metadata: { name: 'x', namespace: 'kube-system' } })).code).toBe(400);
  });

  it('does everything but write under dryRun=All', async () => {
    const { code, body } = await admin.post(`${widgets()}?dryRun=All`, widget('dry'));
    expect([code, body.metadata.name]).toEqual([201, 'dry']);
    expect((await admin.get(`${widgets()}/dry`)).code).toBe(404);
    expect((await admin.post(`${widgets()}?dryRun=Some`, widget('dry'))).code).toBe(400);
  });
});

describe('update', () => {
  it('refuses a stale resourceVersion in the words of Kubernetes', async () => {
    const { body } = await admin.post(widgets(), widget('stale'));
    expect((await admin.put(`${widgets()}/stale`, { ...body, spec: { size: 2 } })).code).toBe(200);
    const second = await admin.put(`${widgets()}/stale`, { ...body, spec: { size: 3 } });
    expect(second.code).toBe(409);
    expect(second.body).toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on widgets.example.com "stale": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('wants a resourceVersion for a custom resource, and takes a ConfigMap without', async () => {
    await admin.post(widgets(), widget('bare'));
    const refused = await admin.put(`${widgets()}/bare`, widget('bare', { size: 2 }));
    expect([refused.code, refused.body.details.causes[0]!.field]).toEqual([422, 'metadata.resourceVersion']);
    await admin.post(configMaps, { metadata: { name: 'bare' }, data: { a: '1' } });
    expect((await admin.put(`${configMaps}/bare`, { metadata: { name: 'bare' }, data: { a: '2' } })).code).toBe(200);
  });

  it('counts changes of the spec in the generation, and nothing else', async () => {
    const { body: first } = await admin.post(widgets(), widget('counted'));
    const { body: labelled } = await admin.merge(`${widgets()}/counted`, { metadata: { labels: { a: 'b' } } });
    const { body: reported } = await admin.merge(`${widgets()}/counted/status`, { status: { phase: 'Running' } });
    const { body: resized } = await admin.merge(`${widgets()}/counted`, { spec: { size: 3 } });
    expect([first, labelled, reported, resized].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 1, 2]);
  });

  it('spends no resourceVersion on a change that is none', async () => {
    const { body } = await admin.post(widgets(), widget('same'));
    const { body: again } = await admin.merge(`${widgets()}/same`, { spec: { size: 1 } });
    expect(again.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it('keeps status and the rest apart', async () => {
    const { body } = await admin.post(widgets(), { ...widget('split'), status: { phase: 'Forged' } });
    expect(body.status).toBeUndefined();
    const { body: main } = await admin.merge(`${widgets()}/split`, { spec: { size: 5 }, status: { phase: 'Forged' } });
    expect([main.spec, main.status]).toEqual([{ size: 5, color: 'red' }, undefined]);
    const { body: status } = await admin.merge(`${widgets()}/split/status`, {
      metadata: { labels: { a: 'b' } },
      spec: { size: 9 },
      status: { phase: 'Done' },
    });
    expect([status.spec, status.status, status.metadata.labels]).toEqual([{ size: 5, color: 'red' }, { phase: 'Done' }, undefined]);
  });

  it('lets nobody change uid, name or creation time', async () => {
    const { body } = await admin.post(widgets(), widget('fixed'));
    const { body: patched } = await admin.merge(`${widgets()}/fixed`, {
      metadata: { creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z' },
    });
    expect(patched.metadata).toEqual(body.metadata);
    expect((await admin.merge(`${widgets()}/fixed`, { metadata: { uid: 'other' } })).code).toBe(409);
    expect((await admin.merge(`${widgets()}/fixed`, { metadata: { name: 'other' } })).code).toBe(400);
  });
});

describe('patch', () => {
  it('applies a JSON patch, and none of it when a test fails', async () => {
    await admin.post(widgets(), widget('ops', { size: 1, nodeName: 'a' }));
    const patch = (operations: unknown) =>
      admin.send('PATCH', `${widgets()}/ops`, operations, { 'content-type': 'application/json-patch+json' });
    const good = await patch([
      { op: 'test', path: '/spec/size', value: 1 },
      { op: 'replace', path: '/spec/size', value: 2 },
      { op: 'remove', path: '/spec/nodeName' },
    ]);
    expect([good.code, good.body.spec]).toEqual([200, { size: 2, color: 'red' }]);
    const failed = await patch([
      { op: 'replace', path: '/spec/size', value: 7 },
      { op: 'test', path: '/spec/size', value: 1 },
    ]);
    expect([failed.code, failed.body.reason]).toEqual([422, 'Invalid']);
    expect((await admin.get(`${widgets()}/ops`)).body.spec).toEqual({ size: 2, color: 'red' });
    expect((await patch([{ op: 'add', path: '/__proto__/polluted', value: 1 }])).code).toBe(422);
    expect((await patch({ op: 'add' })).code).toBe(400);
    expect((await patch([null])).code).toBe(422);
    const whole = await patch([{ op: 'replace', path: '', value: widget('ops', { size: 4 }) }]);
    expect([whole.code, whole.body.spec]).toEqual([200, { size: 4, color: 'red' }]);
  });

  it('refuses a JSON patch that doubles what it copies', async () => {
    await admin.post(configMaps, { metadata: { name: 'bomb' }, data: { a: 'x'.repeat(1000) } });
    const doubling = Array.from({ length: 60 }, (_, index) => ({ op: 'copy', from: '/data', path: `/data/b${index}` }));
    const { code, body } = await admin.send('PATCH', `${configMaps}/bomb`, doubling, { 'content-type': 'application/json-patch+json' });
    expect([code, body.message]).toEqual([422, expect.stringContaining('copies')]);
  });

  it('uses the resourceVersion of a merge patch as a precondition', async () => {
    await admin.post(widgets(), widget('pre'));
    expect((await admin.merge(`${widgets()}/pre`, { metadata: { resourceVersion: '1' }, spec: { size: 2 } })).code).toBe(409);
  });

  it('takes a strategic patch of a built-in kind only where it means the same as a merge patch', async () => {
    const strategic = (path: string, patch: unknown) =>
      admin.send('PATCH', path, patch, { 'content-type': 'application/strategic-merge-patch+json' });
    await admin.post(configMaps, { metadata: { name: 'strategic' }, data: { a: '1', b: '1' } });
    const plain = await strategic(`${configMaps}/strategic`, { data: { a: null, c: '1' } });
    expect([plain.code, plain.body['data']]).toEqual([200, { b: '1', c: '1' }]);
    expect((await strategic(`${configMaps}/strategic`, { metadata: { finalizers: ['example.com/a'] } })).code).toBe(415);
    expect((await strategic(`${configMaps}/strategic`, { $patch: 'replace', data: {} })).code).toBe(415);
    await admin.post(widgets(), widget('strategic'));
    expect((await strategic(`${widgets()}/strategic`, { spec: { size: 2 } })).code).toBe(415);
  });

  it('says that server-side apply is not served', async () => {
    const { code, body } = await admin.send('PATCH', `${configMaps}/any?fieldManager=x`, '{}', {
      'content-type': 'application/apply-patch+yaml',
    });
    expect([code, body.reason]).toEqual([415, 'UnsupportedMediaType']);
    expect(body.message).toContain('client-side apply');
  });
});

describe('delete', () => {
  it('removes an object and answers with its uid', async () => {
    const { body } = await admin.post(widgets(), widget('gone'));
    const answer = await admin.delete(`${widgets()}/gone`);
    expect(answer.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'gone', group: 'example.com', kind: 'widgets', uid: body.metadata.uid },
    });
    const again = await admin.delete(`${widgets()}/gone`);
    expect([again.code, again.body.message]).toEqual([404, 'widgets.example.com "gone" not found']);
  });

  it('holds an object until its last finalizer is removed, and takes no new one meanwhile', async () => {
    await admin.post(widgets(), widget('held', { size: 1 }, { finalizers: ['example.com/hold'] }));
    const { body: marked } = await admin.delete(`${widgets()}/held`, { gracePeriodSeconds: 5 });
    expect(marked.metadata).toMatchObject({ deletionGracePeriodSeconds: 5, generation: 2 });
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    const refused = await admin.merge(`${widgets()}/held`, { metadata: { finalizers: ['example.com/hold', 'example.com/late'] } });
    expect([refused.code, refused.body.details.causes[0]!.field]).toEqual([422, 'metadata.finalizers']);
    expect((await admin.get(`${widgets()}/held`)).code).toBe(200);
    expect((await admin.merge(`${widgets()}/held`, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await admin.get(`${widgets()}/held`)).code).toBe(404);
  });

  it('deletes only what the preconditions name', async () => {
    const { body } = await admin.post(widgets(), widget('precise'));
    expect((await admin.delete(`${widgets()}/precise`, { preconditions: { uid: 'other' } })).code).toBe(409);
    expect((await admin.delete(`${widgets()}/precise`, { preconditions: { resourceVersion: '1' } })).code).toBe(409);
    expect((await admin.delete(`${widgets()}/precise?dryRun=All`)).code).toBe(200);
    const { uid, resourceVersion } = body.metadata;
    expect(
      (await admin.delete(`${widgets()}/precise`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } }))
        .code,
    ).toBe(200);
    expect((await admin.get(`${widgets()}/precise`)).code).toBe(404);
  });

  it('deletes a collection by selector', async () => {
    for (const name of ['c1', 'c2', 'c3'])
      await admin.post(widgets(), widget(name, { size: 1 }, { labels: { set: name === 'c3' ? 'b' : 'a' } }));
    const { body } = await admin.delete(`${widgets()}?labelSelector=set%3Da`);
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['c1', 'c2']);
    expect((await admin.get(`${widgets()}?labelSelector=set`)).body.items.map(({ metadata }) => metadata.name)).toEqual(['c3']);
  });
});

describe('namespaces', () => {
  const namespaces = '/api/v1/namespaces';

  it('take their content with them', async () => {
    await admin.post(namespaces, { metadata: { name: 'short' } });
    await admin.post(widgets('short'), widget('inside'));
    expect((await admin.delete(`${namespaces}/short`)).code).toBe(200);
    expect((await admin.get(`${namespaces}/short`)).code).toBe(404);
    expect((await admin.get(`${widgets('short')}/inside`)).code).toBe(404);
  });

  it('wait for content that a finalizer holds, and take nothing new', async () => {
    await admin.post(namespaces, { metadata: { name: 'waiting' } });
    await admin.post(widgets('waiting'), widget('inside', { size: 1 }, { finalizers: ['example.com/hold'] }));
    const { body } = await admin.delete(`${namespaces}/waiting`);
    expect(body.status).toEqual({ phase: 'Terminating' });
    const refused = await admin.post(widgets('waiting'), widget('late'));
    expect([refused.code, refused.body.details.causes[0]!.reason]).toEqual([403, 'NamespaceTerminating']);
    await admin.merge(`${widgets('waiting')}/inside`, { metadata: { finalizers: [] } });
    expect((await admin.get(`${namespaces}/waiting`)).code).toBe(404);
  });

  it('that the server needs stay', async () => {
    expect((await admin.delete(`${namespaces}/default`)).code).toBe(403);
  });
});

describe('built-in kinds', () => {
  it('serve one Event in both its versions', async () => {
    const event = {
      metadata: { name: 'e1' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Made',
      message: 'for a test',
      type: 'Normal',
      count: 2,
    };
    expect((await admin.post('/api/v1/namespaces/default/events', event)).code).toBe(201);
    const { body } = await admin.get('/apis/events.k8s.io/v1/namespaces/default/events/e1');
    expect(body).toMatchObject({ apiVersion: 'events.k8s.io/v1', regarding: event.involvedObject, note: 'for a test', deprecatedCount: 2 });
    const selected = await admin.get('/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Dp%2Creason%3DMade');
    expect(selected.body.items.map(({ note }) => note)).toEqual(['for a test']);
    expect((await admin.get('/api/v1/events?fieldSelector=involvedObject.kind%3DNode')).body.items).toEqual([]);
    const misplaced = await admin.post('/api/v1/namespaces/kube-system/events', { ...event, metadata: { name: 'e2' } });
    expect([misplaced.code, misplaced.body.details.causes[0]!.field]).toEqual([422, 'involvedObject.namespace']);
  });

  it('encode the stringData of a Secret', async () => {
    const { body } = await admin.post('/api/v1/namespaces/default/secrets', { metadata: { name: 's' }, stringData: { key: 'value' } });
    expect(body).toMatchObject({ type: 'Opaque', data: { key: Buffer.from('value').toString('base64') } });
    expect(body['stringData']).toBeUndefined();
  });

  it('select Pods by node and phase', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await admin.post(pods, { metadata: { name: 'p1' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } });
    await admin.post(pods, { metadata: { name: 'p2' }, spec: { nodeName: 'n2', containers: [{ name: 'c', image: 'i' }] } });
    await admin.merge(`${pods}/p1/status`, { status: { phase: 'Running' } });
    const names = async (selector: string) =>
      (await admin.get(`/api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`)).body.items.map(({ metadata }) => metadata.name);
    expect(await names('spec.nodeName=n1')).toEqual(['p1']);
    expect(await names('status.phase=Pending')).toEqual(['p2']);
    expect(await names('spec.nodeName!=n1,metadata.namespace=default')).toEqual(['p2']);
  });
});
