import { API_VERSION, RESOURCES } from '@kdr/api-types';
import {
  type ApiClient,
  type ApiError,
  type KubernetesObject,
  configMapType,
  secretType,
  validatingWebhookConfigurationType,
} from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ControlPlane } from '../cluster/index.ts';
import { CLUSTER_POLICIES, USERS, installWebhook, startAdmissionPlane } from './admission-plane.ts';
import { clientOf, serverOf } from './kubeconfig-client.ts';
import { type MasterProcess, startMaster, until } from './master-process.ts';

let plane: ControlPlane;
let first: MasterProcess;
let second: MasterProcess;
const as: Record<string, ApiClient> = {};

interface Configuration extends KubernetesObject {
  webhooks: { clientConfig: { caBundle?: string } }[];
}
interface Secret extends KubernetesObject {
  data?: Record<string, string>;
}
type Kind = keyof typeof RESOURCES;

const POLICY = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  namespaced: false,
};
const BINDING = { ...POLICY, kind: 'ValidatingAdmissionPolicyBinding', plural: 'validatingadmissionpolicybindings' };

vi.setConfig({ testTimeout: 120_000 });

let count = 0;
function create(who: string, kind: Kind, spec: object): Promise<unknown> {
  const metadata = { name: `x-${++count}`, ...(RESOURCES[kind].namespaced && { namespace: 'team' }) };
  return (as[who] as ApiClient).create(RESOURCES[kind], { apiVersion: API_VERSION, kind, metadata, spec });
}
const refusal = (attempt: Promise<unknown>): Promise<ApiError | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error as ApiError,
  );
const configuration = () => (as.admin as ApiClient).get<Configuration>(validatingWebhookConfigurationType, { name: 'kdr' });
const secret = (name: string) => (as.admin as ApiClient).get<Secret>(secretType, { namespace: 'kdr-system', name });
const authority = async () => (await secret('kdr-tls')).data?.['ca.crt'];
const trusted = async () => {
  const [ca, { webhooks }] = [await authority(), await configuration()];
  return ca !== undefined && webhooks.every(({ clientConfig }) => clientConfig.caBundle === ca);
};
/** What a webhook or a policy says takes a moment to be in force. */
const refusedBy = (what: string, attempt: () => Promise<unknown>) =>
  until(`${what} refuses`, async () => (await refusal(attempt()))?.message.includes(what) === true);

beforeAll(async () => {
  plane = await startAdmissionPlane();
  as.admin = clientOf(plane.kubeconfig);
  as.tenant = clientOf(await plane.userKubeconfig('tenant'));
  as.source = clientOf(await plane.userKubeconfig(USERS.clusterSources));
  const token = await plane.kubectl('create', 'token', 'kdr-master', '-n', 'kdr-system', '--duration=1h');
  const env = {
    KDR_WEBHOOK_PORT: '0',
    KDR_WEBHOOK_HOST: '127.0.0.1',
    KDR_PLUGIN_TLS_SECRET: 'kdr-cluster-plugins-tls',
  };
  const start = (name: string) => startMaster({ ...serverOf(plane.kubeconfig), token }, plane.directory, name, env);
  [first, second] = await Promise.all([start('master-a'), start('master-b')]);
}, 300_000);
afterAll(async () => {
  for (const master of [first, second]) await master?.end();
  for (const client of Object.values(as)) await client.close();
  await plane?.stop();
});

describe('on the real API server', () => {
  it('both masters become ready: one makes the certificates in the empty Secrets, the other serves them too', async () => {
    for (const master of [first, second]) await until('it is ready', () => master.ready(), 60_000);
    expect(Object.keys((await secret('kdr-tls')).data ?? {}).sort()).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
    expect(Object.keys((await secret('kdr-cluster-plugins-tls')).data ?? {}).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    const ends = await second.metric('kdr_certificate_expiry_timestamp_seconds{certificate="webhook"}');
    expect(Math.round(((ends ?? 0) - Date.now() / 1000) / 86_400)).toBe(90);
  });

  it('takes the policies without a warning of its type checker', async () => {
    interface Checked extends KubernetesObject {
      metadata: { name: string; generation: number };
      status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] } };
    }
    const policies = async () => (await (as.admin as ApiClient).list<Checked>(POLICY)).items;
    await until('they are checked', async () =>
      (await policies()).every(({ metadata, status }) => status?.observedGeneration === metadata.generation),
    );
    expect(
      (await policies()).flatMap(({ metadata, status }) => [metadata.name, ...(status?.typeChecking?.expressionWarnings ?? [])]),
    ).toEqual((await policies()).map(({ metadata }) => metadata.name));
  });

  it('gets the authority written into a configuration that comes later, and calls the webhook', async () => {
    await installWebhook(plane, first.webhookPort());
    await until('the configuration trusts the authority', trusted);
    await refusedBy('spec.match.expression: ', () =>
      create('admin', 'RecoveryPolicy', { mode: 'Observe', match: { expression: 'spec.(' } }),
    );
  });
});

describe('with the webhook', () => {
  const local = { endpoint: { local: { socket: '/run/kdr/plugins/x.sock' } } };
  const team = { namespace: 'team', name: 'p' };
  const custom = { source: 'Custom', fault: 'Broken', podReference: team };
  it.each<[Kind, string, object]>([
    ['Abnormal', 'spec.diagnosers[0]: there is no Diagnoser "nobody"', { ...custom, diagnosers: ['nobody'] }],
    ['Abnormal', 'spec.informationCollectors[0].name: ', { ...custom, informationCollectors: [{ name: 'nobody' }] }],
    ['Abnormal', 'spec.recoverers[0]: ', { ...custom, recoverers: ['nobody'] }],
    ['Abnormal', 'spec.parameters: ', { ...custom, parameters: { text: 'x'.repeat(17_000) } }],
    ['InformationCollector', 'spec.match.expression: ', { ...local, match: { expression: 'abnormal.' } }],
    ['Diagnoser', 'spec.endpoint.url.url: ', { endpoint: { url: { url: 'https://169.254.169.254' } } }],
    ['Recoverer', 'spec.endpoint.url.caBundle: ', { endpoint: { url: { url: 'https://example.com', caBundle: 'none' } } }],
    [
      'AbnormalSource',
      'spec.matchers[0].matches: ',
      { type: 'NodeLog', matchers: [{ label: 'a', matches: '(?=a)' }], template: { fault: 'A' } },
    ],
    ['RecoveryPolicy', 'spec.match.targetExpression: ', { mode: 'Auto', match: { targetExpression: 'spec.fault == "x"' } }],
    ['RecoveryHold', 'spec.expiresAt: ', { scope: { all: true }, owner: 'me', reason: 'x', expiresAt: '2020-01-01T00:00:00Z' }],
    ['RecoveryApproval', 'spec.abnormal: ', { abnormal: 'nobody', proposalId: 'p', decision: 'Approve', approver: 'admin' }],
  ])('%s: %s', async (kind, message, spec) => {
    const error = await refusal(create('admin', kind, spec));
    expect(error?.message).toContain('denied the request');
    expect(error?.message).toContain(message);
    expect(error).toMatchObject({ status: 422, reason: 'Invalid' });
  });

  it('takes what is right, and warns of plugins that do not exist yet', async () => {
    await create('admin', 'Diagnoser', { ...local, match: { expression: 'abnormal.spec.fault == "A"' } });
    await create('admin', 'RecoveryPolicy', { mode: 'Approve', fallback: true });
    await create('tenant', 'Abnormal', custom);
  });

  it('a tenant can’t make KDR look at what he may not see, by the webhook alone', async () => {
    for (const { binding } of CLUSTER_POLICIES) await (as.admin as ApiClient).delete(BINDING, binding.metadata as { name: string });
    await refusedBy('admission webhook', () =>
      create('tenant', 'Abnormal', { ...custom, podReference: { namespace: 'others', name: 'p' } }),
    );
    const foreign = await refusal(create('tenant', 'Abnormal', { ...custom, podReference: { namespace: 'others', name: 'p' } }));
    expect(foreign).toMatchObject({ status: 403, reason: 'Forbidden' });
    expect(foreign?.message).toContain('spec.podReference: user "tenant" may not get pods "p" in namespace "others"');
    const process = await refusal(create('tenant', 'Abnormal', { ...custom, nodeName: 'n1', processReference: { pid: 7 } }));
    expect(process?.message).toContain('spec.processReference: user "tenant" may not get nodes/proxy "n1"');
    await create('tenant', 'Abnormal', custom);
    await create('admin', 'Abnormal', { ...custom, processReference: { pid: 7 } });
  });

  it('a Secret that somebody broke is made good, everywhere, and the webhook goes on', async () => {
    const before = await authority();
    await (as.admin as ApiClient).patch(
      secretType,
      { namespace: 'kdr-system', name: 'kdr-tls' },
      { data: { 'ca.crt': 'aGVsbG8=' } },
      { type: 'merge' },
    );
    await until('there is another authority', async () => ![before, 'aGVsbG8='].includes(await authority()) && (await trusted()));
    expect(`${first.log()}${second.log()}`).toContain('"reason":"ca.crt holds no certificate"');
    await refusedBy('spec.expiresAt: ', () =>
      create('admin', 'RecoveryHold', { scope: { all: true }, owner: 'me', reason: 'x', expiresAt: '2020-01-01T00:00:00Z' }),
    );
    const [main, plugins] = [await secret('kdr-tls'), await secret('kdr-cluster-plugins-tls')];
    await until(
      'the plugins’ Secret follows',
      async () => (await secret('kdr-cluster-plugins-tls')).data?.['ca.crt'] === main.data?.['ca.crt'],
    );
    expect(plugins.data?.['tls.crt']).toBeDefined();
  });

  it('a registration that asks for it gets the authority', async () => {
    await (as.admin as ApiClient).create(RESOURCES.InformationCollector, {
      apiVersion: API_VERSION,
      kind: 'InformationCollector',
      metadata: { name: 'labelled', labels: { 'kdr.dev/ca': 'kdr' } },
      spec: { endpoint: { service: { namespace: 'kdr-system', name: 'kdr-cluster-plugins', port: 8443 } } },
    });
    interface Registered extends KubernetesObject {
      spec: { endpoint: { service: { caBundle?: string } } };
    }
    const bundle = async () =>
      (await (as.admin as ApiClient).get<Registered>(RESOURCES.InformationCollector, { name: 'labelled' })).spec.endpoint.service.caBundle;
    const ca = Buffer.from((await authority()) ?? '', 'base64').toString();
    await until('it has it', async () => (await bundle()) === ca);
  });

  it('no master is left: a tenant’s Abnormal is refused, that of KDR’s own source is taken, and nothing else is blocked', async () => {
    await first.end();
    await second.end();
    const error = await refusal(create('tenant', 'Abnormal', custom));
    expect(error?.message).toContain('failed calling webhook "faults.kdr.dev"');
    await create('source', 'Abnormal', { source: 'Custom', fault: 'Broken', podReference: { namespace: 'others', name: 'p' } });
    await (as.admin as ApiClient).create(configMapType, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'team', name: 'anything' },
    });
    const { items } = await (as.admin as ApiClient).list<{ metadata: { name: string } }>(RESOURCES.Abnormal, { namespace: 'team' });
    const at = { namespace: 'team', name: items[0]?.metadata.name ?? '' };
    const status = { phase: 'InformationCollecting' };
    await (as.admin as ApiClient).patch(RESOURCES.Abnormal, at, { status }, { type: 'merge', subresource: 'status' });
    await (as.admin as ApiClient).delete(RESOURCES.Abnormal, at);
  });
});

describe('without the webhook', () => {
  it('the policies alone keep a tenant from what he may not see, and an administrator from a foreign socket', async () => {
    await (as.admin as ApiClient).delete(validatingWebhookConfigurationType, { name: 'kdr' });
    for (const { binding } of CLUSTER_POLICIES) await (as.admin as ApiClient).create(BINDING, binding as KubernetesObject);
    const custom = { source: 'Custom', fault: 'Broken' };
    const others = { namespace: 'others', name: 'p' };
    await refusedBy('spec.podReference: you may not get this pod', () => create('tenant', 'Abnormal', { ...custom, podReference: others }));
    const says = async (spec: object) => (await refusal(create('tenant', 'Abnormal', { ...custom, ...spec })))?.message ?? 'taken';
    expect(await says({ processReference: { pid: 7 } })).toContain('spec.processReference');
    expect(await says({ containerReference: { runtime: 'containerd', id: 'c' } })).toContain('spec.containerReference');
    expect(await says({ objectReference: { kind: 'Pod', ...others } })).toContain('spec.objectReference');
    expect(await says({ objectReference: { kind: 'Node', name: 'n1' } })).toContain('spec.objectReference');
    expect(await says({ objectReference: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...others } })).toContain(
      'spec.objectReference',
    );
    expect(await says({ podReference: { namespace: 'team', name: 'p' } })).toBe('taken');
    expect(await says({ objectReference: { kind: 'Pod', namespace: 'team', name: 'p' } })).toBe('taken');
    await create('admin', 'Abnormal', { ...custom, processReference: { pid: 7 } });
    const socket = (path: string) => refusal(create('admin', 'Diagnoser', { endpoint: { local: { socket: path } } }));
    expect((await socket('/run/containerd/containerd.sock'))?.message).toContain('spec.endpoint.local.socket');
    expect((await socket('/run/kdr/plugins/../x.sock'))?.message).toContain('spec.endpoint.local.socket');
    expect(await socket('/run/kdr/plugins/mine.sock')).toBeUndefined();
  });
});
