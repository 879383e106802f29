import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ControlPlane, startControlPlane } from '../cluster/index.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { helm } from '../tools/helm.ts';
import { CHARTS, type Rendering } from './rendering.ts';
import { KDR_VARIANTS, PLUGIN_VARIANTS } from './variants.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

// A real API server takes every object; nothing runs, since there is no node. test/e2e runs them.
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (text) => console.log(text) });
}, 1_800_000); // builds Kubernetes on a new machine
afterAll(async () => {
  await plane?.stop();
}, 60_000);

const PLUGINS = ['--namespace', 'plugins', '--create-namespace'];
const NAMESPACE = ['--namespace', 'kdr-system', '--create-namespace'];
/** @throws Error with helm's words */
async function run(args: readonly string[], input?: object): Promise<void> {
  const { code, stderr } = await helm(plane.kubeconfig, args, { input: JSON.stringify(input ?? {}) });
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
  // What the API server would rather not have, helm says there.
  expect(stderr).not.toMatch(/warn/i);
}
const install = (values: object = {}, chart = join(CHARTS, 'kdr')) => run(['install', 'kdr', chart, ...NAMESPACE, '--values', '-'], values);
const upgrade = (values: object = {}, chart = join(CHARTS, 'kdr')) => run(['upgrade', 'kdr', chart, ...NAMESPACE, '--values', '-'], values);
const uninstall = () => run(['uninstall', 'kdr', ...NAMESPACE.slice(0, 2), '--ignore-not-found']);
const words = async (...args: string[]) => (await plane.kubectl(...args)).split(/\s+/).filter((word) => word !== '');
const registrations = async () =>
  (await words('get', 'informationcollectors,diagnosers,recoverers', '-o', 'jsonpath={.items[*].metadata.name}')).sort();
const uid = (kind: string, name: string) => plane.kubectl('get', kind, name, '-o', 'jsonpath={.metadata.uid}');

describe('a release', () => {
  it('is installed at once on a cluster that has never seen KDR, webhook and all, though no master runs', async () => {
    await install();
    expect(await registrations()).toEqual(
      expect.arrayContaining(['container', 'containerd-shim-deadlock', 'containerd-shim-kill', 'pod', 'process-kill']),
    );
    expect(JSON.parse(await plane.kubectl('get', 'recoverypolicy', 'default', '-o', 'jsonpath={.spec}'))).toMatchObject({
      fallback: true,
      mode: 'Approve',
      intrusiveDiagnosis: 'Allow',
    });
  });

  it('has admission policies whose types the API server finds right', async () => {
    const policies = async () =>
      (
        JSON.parse(await plane.kubectl('get', 'validatingadmissionpolicies', '-o', 'json')) as {
          items: { metadata: { name: string }; status?: { typeChecking?: object } }[];
        }
      ).items;
    await becomesTrue(async () => (await policies()).every(({ status }) => status?.typeChecking !== undefined), 30_000);
    const warnings = (await policies()).filter(({ status }) => Object.keys(status?.typeChecking ?? {}).length > 0);
    expect(warnings).toEqual([]);
  });

  it('asks the master about everybody else’s configuration, and about nothing else', async () => {
    const policy = { apiVersion: 'kdr.dev/v1alpha1', kind: 'RecoveryPolicy', metadata: { name: 'mine' }, spec: { mode: 'Observe' } };
    await expect(plane.apply(JSON.stringify(policy))).rejects.toThrow(/failed calling webhook "configuration.kdr.dev"/);
    const labelled = { ...policy, metadata: { name: 'mine', labels: { 'app.kubernetes.io/managed-by': 'Helm' } } };
    await expect(plane.apply(JSON.stringify(labelled))).rejects.toThrow(/failed calling webhook/);
    const evil = {
      apiVersion: 'kdr.dev/v1alpha1',
      kind: 'Diagnoser',
      metadata: {
        name: 'evil',
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'kdr', 'meta.helm.sh/release-namespace': 'kdr-system' },
      },
      spec: { endpoint: { url: { url: 'https://169.254.169.254/' } } },
    };
    await expect(plane.apply(JSON.stringify(evil))).rejects.toThrow(/failed calling webhook/);
    await plane.kubectl('create', 'configmap', 'unrelated', '--from-literal=a=b');
    await plane.kubectl('delete', 'configmap', 'unrelated');
  });

  it('is upgraded in place: what master and people wrote stays, a change of a CRD arrives', async () => {
    const before = await uid('diagnoser', 'containerd-shim-deadlock');
    const asMaster = (kind: string, name: string, patch: object) =>
      plane.kubectl('-n', 'kdr-system', 'patch', kind, name, '--type=merge', '--field-manager=kdr-master', '-p', JSON.stringify(patch));
    await asMaster('secret', 'kdr-tls', { data: { 'tls.crt': 'Zm9v' } });
    await asMaster('informationcollector', 'pod', { spec: { endpoint: { service: { caBundle: 'authority' } } } });
    const webhooks = JSON.parse(await plane.kubectl('get', 'validatingwebhookconfiguration', 'kdr', '-o', 'jsonpath={.webhooks}')) as {
      clientConfig: object;
    }[];
    const patched = webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, caBundle: 'Zm9v' } }));
    await asMaster('validatingwebhookconfiguration', 'kdr', { webhooks: patched });
    await plane.kubectl('delete', 'recoverypolicy', 'default');

    const changed = mkdtempSync(join(tmpdir(), 'kdr-chart-'));
    try {
      cpSync(join(CHARTS, 'kdr'), changed, { recursive: true });
      const file = join(changed, 'files', 'crds', 'recoveryholds.kdr.dev.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"description": "', '"description": "Changed. '));
      await upgrade({}, changed);
    } finally {
      rmSync(changed, { recursive: true, force: true });
    }

    // The API server publishes a changed kind a moment after it has taken it.
    await becomesTrue(async () => (await plane.kubectl('explain', 'recoveryhold')).includes('Changed.'), 30_000);
    expect(await uid('diagnoser', 'containerd-shim-deadlock')).toBe(before);
    expect(await plane.kubectl('-n', 'kdr-system', 'get', 'secret', 'kdr-tls', '-o', 'jsonpath={.data}')).toBe('{"tls.crt":"Zm9v"}');
    expect(await plane.kubectl('get', 'informationcollector', 'pod', '-o', 'jsonpath={.spec.endpoint.service.caBundle}')).toBe('authority');
    expect(await words('get', 'validatingwebhookconfiguration', 'kdr', '-o', 'jsonpath={.webhooks[*].clientConfig.caBundle}')).toEqual([
      'Zm9v',
      'Zm9v',
    ]);
    expect(await plane.kubectl('get', 'recoverypolicies', '-o', 'name')).toBe('');
  });

  it('can lose recovery, and goes back', async () => {
    await upgrade({ recovery: { enabled: false } });
    expect(await plane.kubectl('get', 'recoverers', '-o', 'name')).toBe('');
    expect(await plane.kubectl('get', 'recoverypolicies', '-o', 'name')).toBe('recoverypolicy.kdr.dev/kdr-recovery-off');
    const before = await uid('diagnoser', 'containerd-shim-deadlock');
    await run(['rollback', 'kdr', '1', ...NAMESPACE.slice(0, 2)]);
    expect(await registrations()).toContain('process-kill');
    // Not for a moment is an Abnormal without the plugins that both revisions have.
    expect(await uid('diagnoser', 'containerd-shim-deadlock')).toBe(before);
    expect(await plane.kubectl('get', 'diagnosers', '-o', 'jsonpath={.items[*].metadata.annotations}')).not.toContain('keep');
    expect(await plane.kubectl('get', 'recoverypolicies', '-o', 'name')).toBe('');
    // Revision 1 has its registrations as hooks again: Helm knows nothing of them.
    await upgrade({ recovery: { enabled: false }, registrations: { psi: { enabled: false } } });
    expect(await registrations()).not.toContain('process-kill');
    expect(await registrations()).not.toContain('psi');
  });

  it('leaves the CRDs when it goes, and what is yours; nothing else', async () => {
    await run(['rollback', 'kdr', '1', ...NAMESPACE.slice(0, 2)]);
    await uninstall();
    expect(await registrations()).toEqual([]);
    const kinds = (await words('api-resources', '--verbs=list', '-o', 'name')).filter((kind) => !kind.startsWith('events'));
    const left = await words('get', kinds.join(','), '-A', '-o', 'name', '--ignore-not-found', '-l', 'app.kubernetes.io/part-of=kdr');
    expect(left.filter((one) => !one.startsWith('customresourcedefinition'))).toEqual([]);
    expect(left).toHaveLength(9);
  });

  it('is installed again on kinds that stayed, and takes them along where it was told to', async () => {
    await plane.apply(
      JSON.stringify({ apiVersion: 'kdr.dev/v1alpha1', kind: 'RecoveryPolicy', metadata: { name: 'default' }, spec: { mode: 'Observe' } }),
    );
    await install({ crds: { keep: false } });
    expect(await plane.kubectl('get', 'recoverypolicy', 'default', '-o', 'jsonpath={.spec.mode}')).toBe('Observe');
    await uninstall();
    await becomesTrue(async () => !(await plane.kubectl('get', 'crd', '-o', 'name')).includes('kdr.dev'), 30_000);
  });
});

describe('every variant is taken by a real API server', () => {
  // No master answers here: what kdr-plugin registers would wait for one.
  beforeAll(() => install({ webhook: { enabled: false } }));
  afterAll(uninstall);

  it.each(Object.entries(KDR_VARIANTS).filter(([, how]) => how.namespace === undefined))('kdr %s', (_what, how: Rendering) =>
    run(['upgrade', 'kdr', join(CHARTS, 'kdr'), ...NAMESPACE, '--dry-run=server', '--values', '-'], how.values),
  );

  it.each(Object.entries(PLUGIN_VARIANTS))('kdr-plugin %s', async (_what, how: Rendering) => {
    const name = how.release ?? 'plugin';
    await run(['install', name, join(CHARTS, 'kdr-plugin'), ...PLUGINS, '--values', '-'], how.values);
    await run(['uninstall', name, ...PLUGINS.slice(0, 2)]);
  });

  it('kdr-plugin keeps its certificate over upgrades, and makes another when told to', async () => {
    const plugin = (verb: string, values: object) =>
      run([verb, 'disk-full', join(CHARTS, 'kdr-plugin'), ...PLUGINS, '--values', '-'], values);
    const authority = () => plane.kubectl('get', 'diagnoser', 'disk-full', '-o', 'jsonpath={.spec.endpoint.service.caBundle}');
    await plugin('install', { image: { tag: '1.0.0' } });
    const first = await authority();
    expect(first).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await plugin('upgrade', { image: { tag: '1.0.1' } });
    expect(await authority()).toBe(first);
    await plugin('upgrade', { image: { tag: '1.0.1' }, tls: { renew: true } });
    expect(await authority()).not.toBe(first);
    const inSecret = await plane.kubectl('-n', 'plugins', 'get', 'secret', 'kdr-plugin-disk-full-tls', '-o', 'jsonpath={.data.ca\\.crt}');
    expect(Buffer.from(inSecret, 'base64').toString().trim()).toBe(await authority());
  });
});
