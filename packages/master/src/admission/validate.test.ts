import { type Abnormal, API_VERSION } from '@kdr/api-types';
import { ApiError, type ResourceAccess } from '@kdr/controller-runtime';
import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from './admission-review.ts';
import type { AdmissionWorld } from './admission-world.ts';
import { validate } from './validate.ts';

const now = Date.UTC(2026, 10, 25);
const waiting = { status: { phase: 'Recovering', recovery: { proposal: { id: 'p1' } } } } as unknown as Abnormal;
const world: AdmissionWorld = {
  settings: { trustedUsers: ['system:serviceaccount:kdr-system:kdr-agent'], socketDirectories: ['/run/kdr/plugins'] },
  registered: async (_, name) => name === 'known',
  abnormal: async (namespace, name) =>
    namespace === 'team' ? { waiting, done: { status: { phase: 'Succeeded' } } as Abnormal }[name] : undefined,
  // The tenant may get pods of his own namespace, and nothing else.
  access: async ({ username }, { resource, namespace }) => ({
    allowed: username === 'admin' || (resource === 'pods' && namespace === 'team'),
    reason: '',
  }),
  now: () => now,
};

function request(kind: string, spec: object, more: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: 'u',
    kind: { group: 'kdr.dev', version: 'v1alpha1', kind },
    operation: 'CREATE',
    namespace: 'team',
    userInfo: { username: 'tenant' },
    object: { apiVersion: API_VERSION, kind, metadata: { name: 'x', namespace: 'team' }, spec },
    ...more,
  };
}

const refused = async (kind: string, spec: object, more?: Partial<AdmissionRequest>) => {
  const verdict = await validate(request(kind, spec, more), world);
  if (verdict.allowed) throw new Error(`${kind} ${JSON.stringify(spec)} was allowed`);
  return verdict;
};

const custom = { source: 'Custom', fault: 'Broken' };
const big = { text: 'x'.repeat(17_000) };
const local = (socket: string) => ({ endpoint: { local: { socket } } });
const url = (address: string, more: object = {}) => ({ endpoint: { url: { url: address, ...more } } });
const good = local('/run/kdr/plugins/x.sock');
const registration: [object, string][] = [
  [{ ...good, match: { expression: 'abnormal.spec.(' } }, 'spec.match.expression'],
  [{ ...good, match: { expression: 'nobody.spec.fault == "x"' } }, 'spec.match.expression'],
  [{ ...good, match: { expression: '"a" + 1' } }, 'spec.match.expression'],
  [local('/run/containerd/containerd.sock'), 'spec.endpoint.local.socket'],
  [local('/run/kdr/plugins/../../docker.sock'), 'spec.endpoint.local.socket'],
  [local('/run/kdr/plugins-of-mine/x.sock'), 'spec.endpoint.local.socket'],
  [url('https://169.254.169.254/latest'), 'spec.endpoint.url.url'],
  [url('https://127.0.0.1:10250'), 'spec.endpoint.url.url'],
  [url('https://[::1]:2379'), 'spec.endpoint.url.url'],
  [url('https://user:secret@example.com'), 'spec.endpoint.url.url'],
  [url('https://localhost:10250'), 'spec.endpoint.url.url'],
  [url('https://'), 'spec.endpoint.url.url'],
  [url('https://example.com', { caBundle: 'trust me' }), 'spec.endpoint.url.caBundle'],
  [
    {
      endpoint: {
        service: { namespace: 'n', name: 's', port: 1, caBundle: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      },
    },
    'spec.endpoint.service.caBundle',
  ],
  [{ ...good, parameters: big }, 'spec.parameters'],
];
const source = { type: 'KubernetesEvent', template: { fault: 'Broken' } };
const matches = (pattern: string) => ({
  ...source,
  matchers: [
    { label: 'reason', equals: 'x' },
    { label: 'a', matches: pattern },
  ],
});

const CASES: Record<string, [object, string][]> = {
  Abnormal: [
    [
      { ...custom, podReference: { namespace: 'team', name: 'p' }, informationCollectors: [{ name: 'nobody' }] },
      'spec.informationCollectors[0].name',
    ],
    [{ ...custom, podReference: { namespace: 'team', name: 'p' }, diagnosers: ['known', 'nobody'] }, 'spec.diagnosers[1]'],
    [{ ...custom, podReference: { namespace: 'team', name: 'p' }, recoverers: ['nobody'] }, 'spec.recoverers[0]'],
    [{ ...custom, podReference: { namespace: 'team', name: 'p' }, parameters: big }, 'spec.parameters'],
    [{ ...custom, podReference: { namespace: 'others', name: 'p' } }, 'spec.podReference'],
    [{ ...custom, podReference: { namespace: 'team', name: 'p' }, processReference: { pid: 5 } }, 'spec.processReference'],
    [{ ...custom, nodeName: 'n1', containerReference: { runtime: 'containerd', id: 'c' } }, 'spec.containerReference'],
    [{ ...custom, objectReference: { kind: 'Node', name: 'n1' } }, 'spec.objectReference'],
    [{ ...custom, objectReference: { kind: 'Pod', namespace: 'others', name: 'p' } }, 'spec.objectReference'],
    [{ ...custom, objectReference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'team', name: 'd' } }, 'spec.objectReference'],
  ],
  InformationCollector: registration,
  Diagnoser: registration,
  Recoverer: registration,
  AbnormalSource: [
    [matches('(unclosed'), 'spec.matchers[1].matches'],
    [matches('(?=look)ahead'), 'spec.matchers[1].matches'],
    [matches('back\\1reference'), 'spec.matchers[1].matches'],
    [matches('[z-a]'), 'spec.matchers[1].matches'],
    [matches('a{2,1}'), 'spec.matchers[1].matches'],
    [{ ...source, expression: 'signal.' }, 'spec.expression'],
    [{ ...source, expression: 'labels.x == "y"' }, 'spec.expression'],
    [{ ...source, template: { fault: 'Broken', nodeName: '{{ process.env }}' } }, 'spec.template.nodeName'],
    [{ ...source, template: { fault: 'Broken', parameters: { why: '{{ labels.a' } } }, 'spec.template.parameters.why'],
    [{ ...source, template: { fault: 'Broken', parameters: big } }, 'spec.template.parameters'],
    [{ type: 'Schedule', schedule: { cron: '0 3 * * * *' }, template: { fault: 'Broken' } }, 'spec.schedule.cron'],
    [
      { type: 'Schedule', schedule: { cron: '0 3 * * *', timeZone: 'Mars/Olympus' }, template: { fault: 'Broken' } },
      'spec.schedule.timeZone',
    ],
  ],
  RecoveryPolicy: [
    ['spec.', 'expression'],
    ['abnormal.fault == "x"', 'expression'],
    ['spec.fault ==', 'expression'],
    ['1 +', 'expression'],
    ['has(spec)', 'expression'],
    ['target.', 'targetExpression'],
    ['spec.fault == "x"', 'targetExpression'],
    ['target.kind == "Process" &&', 'targetExpression'],
    ['unknown(target)', 'targetExpression'],
    ['target["kind"', 'targetExpression'],
  ].map(([text, field = '']) => [{ mode: 'Auto', match: { [field]: text } }, `spec.match.${field}`]),
  RecoveryHold: [
    [{ scope: { all: true }, owner: 'me', reason: 'x', expiresAt: '2026-11-24T23:59:59Z' }, 'spec.expiresAt'],
    [{ scope: { all: true }, owner: 'me', reason: 'x', expiresAt: '1999-01-01T00:00:00Z' }, 'spec.expiresAt'],
  ],
  RecoveryApproval: [
    [{ abnormal: 'waiting', proposalId: 'p1', decision: 'Approve', approver: 'admin' }, 'spec.approver'],
    [{ abnormal: 'waiting', proposalId: 'p1', decision: 'Deny', approver: '' }, 'spec.approver'],
    [{ abnormal: 'nobody', proposalId: 'p1', decision: 'Approve', approver: 'tenant' }, 'spec.abnormal'],
    [{ abnormal: 'done', proposalId: 'p1', decision: 'Approve', approver: 'tenant' }, 'spec.abnormal'],
    [{ abnormal: 'waiting', proposalId: 'p0', decision: 'Approve', approver: 'tenant' }, 'spec.proposalId'],
  ],
};

describe.each(Object.entries(CASES))('%s: refused with the field’s name', (kind, cases) => {
  it.each(cases.map(([spec, field]) => ({ spec, field, shown: JSON.stringify(spec).slice(0, 100) })))(
    '$field: $shown',
    async ({ spec, field }) => {
      const verdict = await refused(kind, spec);
      expect(verdict.message.split(': ')[0]).toBe(field);
      expect([403, 422]).toContain(verdict.code);
    },
  );
});

describe('allowed', () => {
  it.each<[string, object, Partial<AdmissionRequest>?]>([
    ['Abnormal', { ...custom, podReference: { namespace: 'team', name: 'p' }, diagnosers: ['known'] }],
    ['Abnormal', { ...custom, processReference: { pid: 5 } }, { userInfo: { username: 'admin' } }],
    ['Abnormal', { ...custom, processReference: { pid: 5 } }, { userInfo: { username: 'system:serviceaccount:kdr-system:kdr-agent' } }],
    ['Diagnoser', { ...good, match: { expression: 'abnormal.spec.fault.matches("^Pod")' } }],
    ['Diagnoser', { endpoint: { url: { url: 'https://diagnosers.example.com/kdr' } } }],
    ['Recoverer', { endpoint: { service: { namespace: 'n', name: 's', port: 1 } } }],
    ['AbnormalSource', { ...matches('Node.*'), expression: 'signal.type == "Warning"' }],
    ['RecoveryPolicy', { mode: 'Auto', match: { expression: 'spec.fault == "x"', targetExpression: 'target.kind == "Process"' } }],
    ['RecoveryHold', { scope: { all: true }, owner: 'me', reason: 'x', expiresAt: '2026-11-25T00:00:01Z' }],
    ['RecoveryApproval', { abnormal: 'waiting', proposalId: 'p1', decision: 'Deny', approver: 'tenant' }],
    ['DeadLetter', { anything: true }],
  ])('%s %j', async (kind, spec, more) => {
    expect(await validate(request(kind, spec, more), world)).toEqual({ allowed: true, warnings: [] });
  });

  it.each<[string, Partial<AdmissionRequest>]>([
    ['a status', { subResource: 'status', operation: 'UPDATE' }],
    ['a deletion', { operation: 'DELETE' }],
    ['an update of an Abnormal, whose spec can’t change', { operation: 'UPDATE' }],
    ['another group’s kind of that name', { kind: { group: 'example.com', version: 'v1', kind: 'Abnormal' } }],
  ])('%s is none of its business', async (_, more) => {
    const spec = { ...custom, podReference: { namespace: 'others', name: 'p' } };
    expect(await validate(request('Abnormal', spec, more), world)).toMatchObject({ allowed: true });
  });

  it('a source that names plugins which do not exist yet is warned about', async () => {
    const spec = { ...matches('x'), template: { fault: 'Broken', diagnosers: ['known', 'later'], recoverers: ['later'] } };
    expect(await validate(request('AbnormalSource', spec), world)).toEqual({
      allowed: true,
      warnings: [
        'spec.template.diagnosers[1]: there is no Diagnoser "later" yet',
        'spec.template.recoverers[0]: there is no Recoverer "later" yet',
      ],
    });
  });
});

it('a refusal for want of rights is 403 and says which right', async () => {
  const verdict = await refused('Abnormal', { ...custom, nodeName: 'n1', processReference: { pid: 5 } });
  expect(verdict).toMatchObject({ code: 403, reason: 'Forbidden' });
  expect(verdict.message).toBe('spec.processReference: user "tenant" may not get nodes/proxy "n1", and so may not make KDR look at it');
});

it('asks with all that is known of the user', async () => {
  const asked: [unknown, ResourceAccess][] = [];
  const userInfo = { username: 'system:serviceaccount:team:ci', uid: '7', groups: ['g'], extra: { 'example.com/scope': ['a'] } };
  const spec = { ...custom, podReference: { namespace: 'others', name: 'p' } };
  const watching = {
    ...world,
    access: async (user: unknown, access: ResourceAccess) => (asked.push([user, access]), { allowed: true, reason: '' }),
  };
  await validate(request('Abnormal', spec, { userInfo }), watching);
  expect(asked).toEqual([[userInfo, { verb: 'get', group: '', resource: 'pods', namespace: 'others', name: 'p' }]]);
});

it('what can’t be checked is refused with 503', async () => {
  const away = () => Promise.reject(new ApiError({ status: 0, reason: 'Unreachable', message: 'The API server does not answer.' }));
  const verdict = await validate(request('Abnormal', { ...custom, podReference: { namespace: 'team', name: 'p' } }), {
    ...world,
    access: away,
  });
  expect(verdict).toMatchObject({ allowed: false, code: 503, reason: 'ServiceUnavailable' });
  expect(!verdict.allowed && verdict.message).toContain('The API server does not answer.');
});
