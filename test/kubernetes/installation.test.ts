import { type Abnormal, API_VERSION, KINDS, RESOURCES } from '@kdr/api-types';
import { ApiError, createApiClient } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_IMAGE } from '../cluster/index.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { propose } from '../integration/proposal.ts';
import { refusesInvalid } from '../integration/refuses-invalid.ts';
import { kubectl as kubectlAsTold } from '../tools/kubectl.ts';
import { adminAccess } from './admin-access.ts';
import { footprints } from './memory.ts';
import { selectorsOfAgents } from './rights.ts';
import { NAMESPACE, RELEASE, type Stage, openStage, testValues } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 1_800_000);
afterAll(() => stage?.close(), 120_000);

const kubectl = (...args: string[]) => stage.cluster.kubectl(...args);
const setJson = (values: object) => Object.entries(values).map(([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`);
const upgrade = (values: object = {}) =>
  stage.helm('upgrade', RELEASE, stage.chart, '-n', NAMESPACE, ...setJson({ ...testValues(stage.images), ...values }));

describe('helm install', { timeout: 240_000 }, () => {
  it('brings everything up in less than a minute', async () => {
    const begun = performance.now();
    const installed = await stage.helm(
      ...['install', RELEASE, stage.chart, '-n', NAMESPACE, '--create-namespace'],
      ...setJson(testValues(stage.images)),
    );
    expect(installed.code, installed.stderr).toBe(0);
    expect(installed.stdout).toContain('kdr check');
    const check = await stage.kdr('check', '--wait=60s');
    expect(check.code, `${check.stdout}${check.stderr}`).toBe(0);
    const seconds = (performance.now() - begun) / 1000;
    console.log(`from helm install to ready: ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(60);
  });

  it('passes helm test', async () => {
    const tested = await stage.helm('test', RELEASE, '-n', NAMESPACE, '--timeout=120s');
    expect(tested.code, tested.stdout + tested.stderr).toBe(0);
  });

  it('lists itself for a bug report', async () => {
    const { code, stdout } = await stage.kdr('install-info', '-o', 'json');
    expect(code).toBe(0);
    expect(stdout).toContain('kdr-agent');
    expect(stdout).not.toMatch(/PRIVATE KEY|eyJ/);
  });
});

describe('a pod-bound token', { timeout: 120_000 }, () => {
  const clientOf = async (account: string, node?: string) => {
    const selector = [
      'get',
      'pods',
      '-n',
      NAMESPACE,
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.spec.serviceAccountName}{"\\n"}{end}',
    ];
    const pods = (await kubectl(...selector)).split('\n').map((line) => line.split(' '));
    const [pod = ''] = pods.find(([, on, by]) => by === account && (node === undefined || on === node)) ?? [];
    const token = await kubectl('create', 'token', account, '-n', NAMESPACE, '--bound-object-kind=Pod', `--bound-object-name=${pod}`);
    const { server, ca } = adminAccess(stage.cluster.kubeconfig);
    return createApiClient({ server, ca, token });
  };
  const abnormal = (name: string, nodeName: string): Abnormal => ({
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: { namespace: 'default', name },
    spec: { source: 'Custom', fault: 'Probe', nodeName, objectReference: { apiVersion: 'v1', kind: 'Node', name: nodeName } },
  });
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof ApiError ? error.message : String(error)),
    );

  it('of the agent on node-1 writes Abnormals of node-1 and no others', async () => {
    const agent = await clientOf('kdr-agent', 'node-1');
    try {
      expect(await refusal(agent.create(RESOURCES.Abnormal, abnormal('own', 'node-1')))).toBe('done');
      expect(await refusal(agent.create(RESOURCES.Abnormal, abnormal('foreign', 'node-2')))).toContain(
        'spec.nodeName must be the own node',
      );
      await stage.client.create(RESOURCES.Abnormal, abnormal('theirs', 'node-2'));
      const at = { namespace: 'default', name: 'theirs' };
      const forged = { status: { message: 'not theirs' } };
      expect(await refusal(agent.patch(RESOURCES.Abnormal, at, forged, { type: 'merge', subresource: 'status' }))).toContain(
        'belongs to another node',
      );
    } finally {
      await agent.close();
    }
  });

  it('of the agent can’t forge a grant, nor read Secrets or Pods', async () => {
    const agent = await clientOf('kdr-agent', 'node-1');
    try {
      const grant = { proposalId: 'p', decision: 'Granted', reason: 'Granted', trace: [], decidedAt: new Date().toISOString() };
      const at = { namespace: 'default', name: 'own' };
      const patch = agent.patch(RESOURCES.Abnormal, at, { status: { recovery: { grant } } }, { type: 'merge', subresource: 'status' });
      expect(await refusal(patch)).toContain("'kdr-grant-by-master'");
      const secrets = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };
      expect(await refusal(agent.list(secrets, { namespace: NAMESPACE }))).toContain('forbidden');
      expect(await refusal(agent.list({ ...secrets, kind: 'Pod', plural: 'pods' }, { namespace: 'default' }))).toContain('forbidden');
    } finally {
      await agent.close();
    }
  });
});

describe('a node', { timeout: 240_000 }, () => {
  it('hears nothing of another one’s Abnormals', async () => {
    const bulk = Array.from({ length: 1000 }, (_, index) => ({
      apiVersion: API_VERSION,
      kind: 'Abnormal',
      metadata: { namespace: 'default', name: `bulk-${index}` },
      spec: {
        ...{ source: 'Custom', fault: 'Bulk', nodeName: 'node-2', diagnosers: ['unreaped-children'] },
        objectReference: { apiVersion: 'v1', kind: 'Node', name: 'node-2' },
      },
    }));
    for (let at = 0; at < bulk.length; at += 50)
      await Promise.all(bulk.slice(at, at + 50).map((one) => stage.client.create(RESOURCES.Abnormal, one)));
    const [address, other] = await Promise.all(['node-1', 'node-2'].map(agentAddress));
    const held = async (at?: string) => {
      const text = await (await fetch(`http://${at}:9810/metrics`)).text();
      return Number(/^informer_objects\{resource="abnormals[^"]*"\} (\d+)/m.exec(text)?.[1]);
    };
    expect(await becomesTrue(async () => (await held(other)) >= 1000, 60_000)).toBe(true);
    expect(await held(address)).toBe(1); // its own, of the test before
    // Not by a filter of its own: it asked for no other.
    expect(selectorsOfAgents(stage.cluster)).toEqual([
      'node-1 fieldSelector=spec.nodeName=node-1',
      'node-2 fieldSelector=spec.nodeName=node-2',
    ]);
  });

  it('pays little memory for an idle agent and its plugins', async () => {
    const at = (node: string) => footprints(stage.cluster.node(node).cgroupRoot);
    const all = ['node-1', 'node-2'].flatMap((node) => at(node).map((one) => ({ node, ...one })));
    console.table(
      all.map((one) => ({ ...one, anonymous: one.anonymous.toFixed(1), pss: one.pss.toFixed(1), workingSet: one.workingSet.toFixed(1) })),
    );
    const quiet = all.filter(
      ({ node, program }) => node === 'node-1' && ['kdr-agent', 'kdr-plugins node', 'kdr-sources node'].includes(program),
    );
    expect(quiet.map(({ program }) => program).sort()).toEqual(['kdr-agent', 'kdr-plugins node', 'kdr-sources node']);
    expect(quiet.find(({ program }) => program === 'kdr-agent')?.anonymous).toBeLessThanOrEqual(35);
    expect(quiet.reduce((sum, { pss }) => sum + pss, 0)).toBeLessThanOrEqual(160);
    for (const { anonymous } of all.filter(({ program }) => program === 'kdr-master')) expect(anonymous).toBeLessThanOrEqual(60);
    const requests = await memoryRequests();
    for (const [program, request] of Object.entries(requests)) {
      const largest = Math.max(...all.filter((one) => one.program === program).map(({ workingSet }) => workingSet));
      expect(request, `the request of ${program}, which needs ${largest} MiB`).toBeGreaterThan(1.25 * largest);
      expect(request, `the request of ${program}, which needs ${largest} MiB`).toBeLessThan(3 * largest);
    }
  });
});

/** The chart's memory requests in MiB, by the program that the container runs. */
async function memoryRequests(): Promise<Record<string, number>> {
  const programs: Record<string, string> = {
    'agent/agent': 'kdr-agent',
    'agent/plugins': 'kdr-plugins node',
    'agent/sources': 'kdr-sources node',
    'master/master': 'kdr-master',
    'cluster-plugins/plugins': 'kdr-plugins cluster',
    'cluster-sources/sources': 'kdr-sources cluster',
  };
  const { items } = JSON.parse(await kubectl('get', 'pods', '-n', NAMESPACE, '-o', 'json')) as {
    items: { metadata: { labels: Record<string, string> }; spec: { containers: { name: string; resources: Resources }[] } }[];
  };
  const requests = items.flatMap(({ metadata, spec }) =>
    spec.containers.map(({ name, resources }) => [
      programs[`${metadata.labels['app.kubernetes.io/component']}/${name}`],
      Number(/^(\d+)Mi$/.exec(resources.requests?.memory ?? '')?.[1]),
    ]),
  );
  const known = Object.fromEntries(requests.filter(([program]) => program !== undefined)) as Record<string, number>;
  expect(Object.keys(known).sort()).toEqual(Object.values(programs).sort());
  return known;
}
interface Resources {
  requests?: { memory?: string };
}

const agentAddress = (node: string) =>
  kubectl(
    'get',
    'pods',
    '-n',
    NAMESPACE,
    '-l',
    'app.kubernetes.io/component=agent',
    `--field-selector=spec.nodeName=${node}`,
    '-o',
    'jsonpath={.items[0].status.podIP}',
  );

describe('with the webhook on', { timeout: 120_000 }, () => {
  // The webhook takes an approval only of what waits for one.
  beforeAll(() => propose(stage.client, 'a', 'p'));
  afterAll(async () => {
    await kubectl(
      'delete',
      KINDS.map(({ plural }) => `${plural}.kdr.dev`).join(','),
      '-n',
      'default',
      '--field-selector=metadata.name=good',
    );
  }, 60_000);
  refusesInvalid(() => stage.cluster.kubeconfig);
});

describe('people', { timeout: 60_000 }, () => {
  const createAs = (user: string, kind: string, name: string, spec: object) =>
    kubectlAsTold(
      stage.cluster.kubeconfig,
      ['create', '-f', '-', `--as=${user}`],
      JSON.stringify({ apiVersion: API_VERSION, kind, metadata: { namespace: 'default', name }, spec }),
    );
  const aboutPod = { source: 'Custom', fault: 'Look', podReference: { namespace: NAMESPACE, name: 'kdr-master-0' } };
  beforeAll(async () => {
    const bind = (role: string) =>
      kubectl('create', 'rolebinding', `tenant-${role}`, `--clusterrole=${role}`, '--user=tenant', '-n', 'default');
    for (const role of ['kdr-edit', 'kdr-approve']) await bind(role);
  });

  it('approve in their own name alone', async () => {
    const yes = { abnormal: 'a', proposalId: 'p', decision: 'Approve' };
    const forged = await createAs('tenant', 'RecoveryApproval', 'in-anothers-name', { ...yes, approver: 'admin' });
    expect([forged.code, forged.stderr]).toEqual([1, expect.stringMatching(/approver must be the user who creates the approval/)]);
    expect(await createAs('tenant', 'RecoveryApproval', 'in-the-own', { ...yes, approver: 'tenant' })).toMatchObject({ code: 0 });
  });

  it('without rights on a pod don’t make KDR look at it', async () => {
    const refused = await createAs('tenant', 'Abnormal', 'foreign-pod', aboutPod);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/podReference/)]);
    const own = { ...aboutPod, podReference: { namespace: 'default', name: 'mine' } };
    expect((await createAs('tenant', 'Abnormal', 'own-pod', own)).stderr).toMatch(/podReference/);
    await kubectl('create', 'rolebinding', 'tenant-view', '--clusterrole=view', '--user=tenant', '-n', 'default');
    expect(await becomesTrue(async () => (await createAs('tenant', 'Abnormal', 'own-pod', own)).code === 0, 10_000)).toBe(true);
    expect((await createAs('tenant', 'Abnormal', 'foreign-pod', aboutPod)).stderr).toMatch(/podReference/);
  });
});

describe('the release', { timeout: 240_000 }, () => {
  it('is upgraded and rolled back, and is ready each time', async () => {
    const upgraded = await upgrade({ logLevel: 'debug' });
    expect(upgraded.code, upgraded.stderr).toBe(0);
    await kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/kdr-agent', '--timeout=100s');
    expect((await stage.kdr('check', '--wait=100s')).code).toBe(0);
    expect((await stage.helm('rollback', RELEASE, '1', '-n', NAMESPACE)).code).toBe(0);
    await kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/kdr-agent', '--timeout=100s');
    expect((await stage.kdr('check', '--wait=100s')).code).toBe(0);
  });

  it('blocks nothing of others, whatever state it is in', async () => {
    await kubectl('-n', NAMESPACE, 'scale', 'deployment/kdr-master', '--replicas=0');
    await kubectl('-n', NAMESPACE, 'wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/component=master', '--timeout=60s');
    await kubectl('create', 'configmap', 'unrelated', '--from-literal=a=b');
    await kubectl('run', 'unrelated', `--image=${TEST_IMAGE}`, '--image-pull-policy=Never', '--', 'sleep', '60');
    await kubectl('wait', '--for=condition=Ready', 'pod/unrelated', '--timeout=60s');
    await kubectl('delete', 'pod/unrelated', 'configmap/unrelated', '--grace-period=1');
    await kubectl('delete', 'abnormal', 'theirs');
  });

  it('leaves what was promised to stay, and nothing else', async () => {
    expect((await stage.helm('uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--timeout=120s')).code).toBe(0);
    const left = (
      await kubectl('-n', NAMESPACE, 'get', 'all,secrets,configmaps,serviceaccounts,roles,rolebindings,pdb,networkpolicies', '-o', 'name')
    ).split('\n');
    expect(left.filter((name) => !/^(pod\/kdr|configmap\/kube-root-ca.crt|serviceaccount\/default)/.test(name) && name !== '')).toEqual([]);
    expect(await becomesTrue(async () => (await kubectl('-n', NAMESPACE, 'get', 'pods,leases', '-o', 'name')) === '', 90_000)).toBe(true);
    const cluster = await kubectl(
      'get',
      'clusterroles,clusterrolebindings,validatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings',
      '-o',
      'name',
    );
    expect(cluster.split('\n').filter((name) => name.includes('kdr'))).toEqual([]);
    expect(await kubectl('get', 'crds', '-o', 'name')).toContain('abnormals.kdr.dev');
    expect(await kubectl('get', 'abnormals', '-A', '-o', 'name')).toContain('abnormal.kdr.dev/own');
    // Finished or not, they can be deleted without KDR: no finalizer holds them.
    await kubectl('delete', 'abnormal/own', 'abnormal/bulk-0', '-n', 'default', '--timeout=60s');
  });
});
