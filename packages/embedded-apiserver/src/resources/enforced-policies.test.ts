import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiClient, startTestServer, tokens, widget, widgetDefinition, widgets } from '../testing/api-client.ts';
import type { TestServer } from '../testing/api-client.ts';

const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

let directory: string;
let running: TestServer;
let other: ApiClient;

async function start(): Promise<void> {
  running = await startTestServer({ directory });
  other = new ApiClient(running.server, tokens.other);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-apiserver-'));
  await start();
  await running.admin.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition());
});
afterAll(async () => {
  other.close();
  await running.stop();
  rmSync(directory, { recursive: true });
});

function policy(name: string, rule: object, validations: object[]): object {
  const resourceRules = [
    { apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['widgets/status'], ...rule },
  ];
  return { metadata: { name }, spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules }, validations } };
}

function binding(name: string): object {
  return { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } };
}

it('lets one user write a field of the status and no other, from the answer to the binding on', async () => {
  const expression =
    "request.userInfo.username == 'admin' || (has(object.status) && has(object.status.phase) ? object.status.phase : '') == (has(oldObject.status) && has(oldObject.status.phase) ? oldObject.status.phase : '')";
  const made = await running.admin.post(
    policies,
    policy('phase-by-admin', {}, [{ expression, message: 'only the admin sets the phase', reason: 'Forbidden' }]),
  );
  expect([made.code, made.text]).toEqual([201, expect.any(String)]);
  await running.admin.post(widgets(), widget('guarded'));
  expect((await other.merge(`${widgets()}/guarded/status`, { status: { phase: 'Before' } })).code).toBe(200);
  expect((await running.admin.post(bindings, binding('phase-by-admin'))).code).toBe(201);
  const forged = await other.merge(`${widgets()}/guarded/status`, { status: { phase: 'Forged' } });
  expect([forged.code, forged.body.reason]).toEqual([403, 'Forbidden']);
  expect(forged.body.message).toBe(
    `widgets.example.com "guarded" is forbidden: ValidatingAdmissionPolicy 'phase-by-admin' with binding 'phase-by-admin' denied request: only the admin sets the phase`,
  );
  expect((await running.admin.merge(`${widgets()}/guarded/status`, { status: { phase: 'Granted' } })).body.status).toEqual({
    phase: 'Granted',
  });
  expect((await other.merge(`${widgets()}/guarded`, { spec: { size: 2 } })).code).toBe(200);
});

it('still refuses after a restart, and under dryRun', async () => {
  other.close();
  await running.stop();
  await start();
  expect((await other.merge(`${widgets()}/guarded/status`, { status: { phase: 'Forged' } })).code).toBe(403);
  expect((await other.merge(`${widgets()}/guarded/status?dryRun=All`, { status: { phase: 'Forged' } })).code).toBe(403);
});

it('sees the user of a create, and the old object of a delete', async () => {
  await running.admin.post(
    policies,
    policy('own-name', { operations: ['CREATE'], resources: ['widgets'] }, [
      { expression: 'object.metadata.name.startsWith(request.userInfo.username)' },
    ]),
  );
  await running.admin.post(bindings, binding('own-name'));
  await running.admin.post(
    policies,
    policy('keep', { operations: ['DELETE'], resources: ['widgets'] }, [
      { expression: '!has(oldObject.metadata.labels) || !("keep" in oldObject.metadata.labels)', message: 'it is to be kept' },
    ]),
  );
  await running.admin.post(bindings, binding('keep'));
  expect((await other.post(widgets(), widget('admin-made'))).code).toBe(422);
  expect((await other.post(widgets(), widget('other-made', { size: 1 }, { labels: { keep: '' } }))).code).toBe(201);
  const kept = await other.delete(`${widgets()}/other-made`);
  expect([kept.code, kept.body.message]).toEqual([422, expect.stringContaining('it is to be kept')]);
  await other.merge(`${widgets()}/other-made`, { metadata: { labels: null } });
  expect((await other.delete(`${widgets()}/other-made`)).code).toBe(200);
});

it('refuses a policy that does not compile, and names the expression', async () => {
  const { code, body } = await running.admin.post(policies, policy('broken', {}, [{ expression: 'object.spec.' }]));
  expect([code, body.details.causes[0]!.field]).toEqual([422, 'spec.validations[0].expression']);
});

it('ends with its binding', async () => {
  expect((await running.admin.delete(`${bindings}/phase-by-admin`)).code).toBe(200);
  expect((await other.merge(`${widgets()}/guarded/status`, { status: { phase: 'Free' } })).code).toBe(200);
});

it('lets nobody but administrators write policies and bindings, so that no confined user frees himself', async () => {
  const loose = policy('loose', {}, [{ expression: 'true' }]);
  expect((await running.admin.post(policies, loose)).code).toBe(201);
  expect((await running.admin.post(bindings, binding('loose'))).code).toBe(201);
  const tried = [
    await other.delete(`${policies}/loose`),
    await other.delete(bindings),
    await other.merge(`${bindings}/loose`, { spec: { validationActions: ['Audit'] } }),
    await other.post(policies, policy('mine', {}, [{ expression: 'true' }])),
  ];
  expect(tried.map(({ code, body }) => [code, body.reason])).toEqual(tried.map(() => [403, 'Forbidden']));
  expect(tried[0]?.body.message).toContain('only members of group system:masters may write admission policies');
  expect((await other.get(`${bindings}/loose`)).body['spec']).toEqual({ policyName: 'loose', validationActions: ['Deny'] });
  expect((await running.admin.delete(bindings)).code).toBe(200);
});

it('refuses impersonation instead of taking the request for the caller’s own', async () => {
  const answer = await running.admin.get(policies, { 'impersonate-user': 'other' });
  expect([answer.code, answer.body.reason]).toEqual([403, 'Forbidden']);
});
