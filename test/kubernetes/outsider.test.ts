import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Abnormal, type Diagnoser, RESOURCES } from '@kdr/api-types';
import { sampleRequest } from '@kdr/plugin-sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { becomesTrue } from '../faults/waiting.ts';
import { outsiderEnvironment, succeeds } from '../packages/command.ts';
import { type OutsiderPlugin, makeImageContext, makeOutsiderPlugin } from '../packages/outsider-plugin.ts';
import { type Packed, packAll } from '../packages/packing.ts';
import { startRegistry } from '../packages/registry.ts';
import { type Scratch, makeScratch } from '../packages/scratch.ts';
import { readWalkthrough } from '../packages/walkthrough.ts';
import { helmPath } from '../tools/helm.ts';
import { buildPluginImage } from './plugin-image.ts';
import { agentsAbout } from './rights.ts';
import { NAMESPACE, RELEASE, type Stage, openStage } from './stage.ts';
import { callOverTls } from './tls-call.ts';

/** What docs/install.md has its reader do with a plugin, word for word; only the chart is the packed one. */
const { files, steps } = readWalkthrough('docs/install.md');
const values = parse(files['values.yaml'] ?? '') as { agent: { extraPlugins: { image: string }[] } };
const IMAGE = values.agent.extraPlugins[0]?.image ?? '';
const PLUGINS = 'kdr-plugins';

let scratch: Scratch;
let plugin: OutsiderPlugin;
let stage: Stage;
/** The packed charts/kdr-plugin. */
let chart: string;

/** Makes the folder of writing-a-plugin.md of the packed packages, and of it the context of its image. */
async function makeContext(packed: Packed): Promise<string> {
  const registry = await startRegistry(packed.packages);
  try {
    const [folder, context] = ['plugin', 'image'].map((name) => join(scratch.directory, name)) as [string, string];
    mkdirSync(folder);
    plugin = await makeOutsiderPlugin(folder, registry);
    await makeImageContext(folder, context);
    return context;
  } finally {
    await registry.close();
    packed.remove();
  }
}

beforeAll(async () => {
  scratch = makeScratch();
  // It builds what the cluster's images are made of as well.
  const packed = await packAll();
  const [context, opened] = await Promise.allSettled([makeContext(packed), openStage().then((one) => (stage = one))]);
  if (context.status === 'rejected') throw context.reason;
  if (opened.status === 'rejected') throw opened.reason;
  const image = await buildPluginImage(context.value, IMAGE, join(scratch.directory, 'image.tar'));
  await stage.cluster.importImage(image.archive);
  const charts = join(import.meta.dirname, '..', '..', 'charts', 'kdr-plugin');
  const made = await stage.helm('package', charts, '--destination', scratch.directory);
  chart = /saved it to: (\S+)/.exec(made.stdout)?.[1] ?? '';
  await stage.install({ 'agent.extraPlugins': values.agent.extraPlugins });
}, 1_800_000);
afterAll(async () => {
  await stage?.close();
  await scratch?.remove();
}, 120_000);

const kubectl = (...args: string[]) => stage.cluster.kubectl(...args);
const agentOf = (node: string) =>
  kubectl(
    ...['get', 'pods', '-n', NAMESPACE, '-l', 'app.kubernetes.io/component=agent', `--field-selector=spec.nodeName=${node}`],
    ...['-o', 'jsonpath={.items[0].metadata.name}'],
  );

/** Reports the fault on a node, and waits until it is identified. */
async function identified(name: string, node: string): Promise<Abnormal> {
  const reported = plugin.abnormal(node) as Abnormal;
  await stage.cluster.apply(JSON.stringify({ ...reported, metadata: { ...reported.metadata, name } }));
  await kubectl('wait', '--for=condition=Identified', `abnormal/${name}`, '--timeout=30s').catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await kubectl('get', `abnormal/${name}`, '-o', 'yaml')}\n${await stage.logs()}`);
  });
  return stage.get('default', name);
}

const byThePlugin = (node: string) => ({
  diagnosis: { diagnoser: 'disk-full', cause: 'DiskFull', target: { kind: 'Node', node: { uid: node } } },
});

/** Types a command of the page, with helm and a kubeconfig at hand. */
const type = (line: string) =>
  succeeds('sh', ['-ec', line.replace('charts/kdr-plugin', chart)], {
    cwd: scratch.directory,
    env: outsiderEnvironment({
      ...{ KUBECONFIG: stage.cluster.kubeconfig, PATH: `${dirname(helmPath())}:${process.env.PATH}` },
      ...{ HELM_CACHE_HOME: scratch.directory, HELM_CONFIG_HOME: scratch.directory, HELM_DATA_HOME: scratch.directory },
    }),
    seconds: 120,
  });

/** Installs it as the page says, and waits until the agents find it ready. */
async function installPlugin(more = ''): Promise<void> {
  await type(`${(steps.plugin ?? 'false').trim()}${more}`);
  await kubectl('wait', '--for=condition=Ready', 'diagnoser/disk-full', '--timeout=60s').catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${await kubectl('get', 'pods,diagnosers', '-A', '-o', 'wide')}`);
  });
}

/** What there is of the plugin, wherever it is. */
async function traces(): Promise<string[]> {
  const kinds = async (...args: string[]) =>
    (await kubectl('api-resources', '--verbs=list', '-o', 'name', ...args))
      .split('\n')
      .filter((kind) => kind !== '' && !/^events/.test(kind));
  const get = async (which: string[], ...args: string[]) =>
    (await kubectl('get', which.join(','), '-o', 'name', '--ignore-not-found', ...args)).split('\n').filter((name) => name !== '');
  const inNamespace = await get(await kinds('--namespaced=true'), '-n', PLUGINS);
  const labelled = await get(await kinds(), '-A', '-l', 'app.kubernetes.io/instance=disk-full');
  const everywhere = ['configmap/kube-root-ca.crt', 'serviceaccount/default'];
  return [...inNamespace.filter((name) => !everywhere.includes(name)), ...labelled];
}

async function uninstallPlugin(): Promise<void> {
  expect(await traces()).toContain('diagnoser.kdr.dev/disk-full');
  await type(`helm uninstall disk-full -n ${PLUGINS} --wait`);
  let left: string[] = [];
  await becomesTrue(async () => (left = await traces()).length === 0, 60_000, 1_000);
  expect(left).toEqual([]);
}

describe('the plugin of an outsider, as a sidecar of the agent', { timeout: 120_000 }, () => {
  /** Calls that the sidecar on a node answered with a diagnosis, by its own count. */
  const answered = async (node: string) => {
    const get = `require('http').get({socketPath:'/run/kdr/plugins/disk-full.sock',path:'/metrics'},r=>r.pipe(process.stdout))`;
    const told = await kubectl('exec', '-n', NAMESPACE, await agentOf(node), '-c', 'plugin-disk-full', '--', 'node', '-e', get);
    return Number(/^kdr_plugin_requests_total\{.*outcome="Identified"\} (\d+)/m.exec(told)?.[1] ?? 0);
  };

  it('is ready on both nodes', async () => {
    const { status } = await stage.client.get<Diagnoser>(RESOURCES.Diagnoser, { name: 'disk-full' });
    expect(status).toMatchObject({ nodesReady: 2, nodesTotal: 2 });
  });

  it('identifies a fault, on its node', async () => {
    const { status } = await identified('by-sidecar', 'node-2');
    expect(status).toMatchObject(byThePlugin('node-2'));
    expect(JSON.stringify(status?.diagnosis?.evidence)).toContain('% of / are used');
    expect(agentsAbout(stage.cluster, 'by-sidecar')).toEqual(['node-2']);
    expect([await answered('node-1'), await answered('node-2')]).toEqual([0, 1]);
  });

  it('goes with an upgrade that does not name it any more', async () => {
    const upgraded = await stage.helm(
      ...['upgrade', RELEASE, stage.chart, '-n', NAMESPACE, '--reset-then-reuse-values'],
      // The directory of the sockets moves to the nodes, for what comes below.
      ...['--set-json=agent.extraPlugins=[]', '--set=agent.socketHostPath=/run/kdr'],
    );
    expect(upgraded.code, upgraded.stderr).toBe(0);
    expect(await kubectl('get', 'diagnosers', '-o', 'name')).not.toContain('disk-full');
    await kubectl('-n', NAMESPACE, 'rollout', 'status', 'daemonset/kdr-agent', '--timeout=100s');
    const check = await stage.kdr('check', '--wait=60s');
    expect(check.code, check.stdout + check.stderr).toBe(0);
  });
});

describe('the same image, by the chart kdr-plugin behind a TLS Service', { timeout: 120_000 }, () => {
  beforeAll(() => installPlugin(), 120_000);

  it.each(['node-1', 'node-2'])('identifies a fault on %s, wherever it runs itself', async (node) => {
    const { status } = await identified(`by-service-${node}`, node);
    expect(status).toMatchObject(byThePlugin(node));
    expect(agentsAbout(stage.cluster, `by-service-${node}`)).toEqual([node]);
  });

  it('answers agents and master, and nobody else', async () => {
    const { spec } = await stage.client.get<Diagnoser>(RESOURCES.Diagnoser, { name: 'disk-full' });
    const { namespace, name, port, caBundle = '' } = spec.endpoint.service ?? { namespace: '', name: '', port: 0 };
    const host = await kubectl('get', 'pods', '-n', PLUGINS, '-o', 'jsonpath={.items[0].status.podIP}');
    const at = { host, port, name: `${name}.${namespace}.svc`, ca: caBundle };
    const tokenOf = (account: string, audience: string) => kubectl('create', 'token', account, '-n', NAMESPACE, `--audience=${audience}`);
    const asks = (token?: string) => callOverTls(at, '/v1/diagnose', { token, body: sampleRequest('diagnoser') });

    const refused = [
      undefined,
      'made-up',
      await tokenOf('default', 'kdr.dev/plugins'),
      await tokenOf('kdr-agent', 'https://kubernetes.default.svc'),
    ];
    for (const token of refused) {
      const { status, body } = await asks(token);
      expect({ status, body }).toMatchObject({ status: 401, body: expect.stringContaining('KDR_UNAUTHORIZED') as string });
    }
    for (const path of ['/v1/manifest', '/metrics', '/openapi.json']) expect((await callOverTls(at, path)).status).toBe(401);
    expect(await asks(await tokenOf('kdr-agent', 'kdr.dev/plugins'))).toMatchObject({ status: 200 });
    await expect(callOverTls({ ...at, name: 'another.kdr-plugins.svc' }, '/healthz')).rejects.toThrow(/altnames/);
  });

  it('leaves nothing when it is uninstalled', uninstallPlugin);
});

describe('the same image, by the chart kdr-plugin on a socket of each node', { timeout: 120_000 }, () => {
  beforeAll(() => installPlugin(' --set mode=daemonset'), 120_000);

  it('identifies a fault', async () => {
    const { status } = await identified('by-socket', 'node-1');
    expect(status).toMatchObject(byThePlugin('node-1'));
    expect(agentsAbout(stage.cluster, 'by-socket')).toEqual(['node-1']);
  });

  it('leaves nothing when it is uninstalled, no socket either', async () => {
    const sockets = async () => kubectl('exec', '-n', NAMESPACE, await agentOf('node-1'), '-c', 'agent', '--', 'ls', '/run/kdr/plugins');
    expect(await sockets()).toContain('disk-full.sock');
    await uninstallPlugin();
    expect(await sockets()).not.toContain('disk-full.sock');
  });
});

it('a registration with the label kdr.dev/ca is told the master’s authority, whatever its kind', async () => {
  const service = { namespace: NAMESPACE, name: 'kdr-cluster-plugins', port: 8443 };
  const metadata = { name: 'labelled', labels: { 'kdr.dev/ca': 'kdr' } };
  await stage.cluster.apply(
    JSON.stringify({ apiVersion: 'kdr.dev/v1alpha1', kind: 'Diagnoser', metadata, spec: { endpoint: { service } } }),
  );
  const authority = Buffer.from(
    await kubectl('get', 'secret', 'kdr-tls', '-n', NAMESPACE, '-o', 'jsonpath={.data.ca\\.crt}'),
    'base64',
  ).toString();
  const told = () => kubectl('get', 'diagnoser', 'labelled', '-o', 'jsonpath={.spec.endpoint.service.caBundle}');
  expect(await becomesTrue(async () => (await told()).trim() === authority.trim(), 30_000)).toBe(true);
  await kubectl('delete', 'diagnoser', 'labelled');
}, 60_000);
