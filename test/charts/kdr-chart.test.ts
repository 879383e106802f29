import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CHARTS, type Rendered, containers, find, names, objectsOf, offline, render, template } from './rendering.ts';
import { KDR_VARIANTS, OPERATOR_VARIANTS, PLUGIN_VARIANTS } from './variants.ts';

// helm starts anew for each rendering; on a loaded machine that takes seconds.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EVERY_KDR = Object.entries({ ...KDR_VARIANTS, ...OPERATOR_VARIANTS });
const EVERYTHING = [
  ...EVERY_KDR.map(([what, how]) => ['kdr', what, how] as const),
  ...Object.entries(PLUGIN_VARIANTS).map(([what, how]) => ['kdr-plugin', what, how] as const),
];
const registered = (objects: readonly Rendered[]) =>
  objects.filter(({ kind }) => ['InformationCollector', 'Diagnoser', 'Recoverer'].includes(kind)).map(({ metadata }) => metadata.name);
/** Hooks that only hold on to what is there, or take it along at the end. */
const isHook = (when: 'pre-delete' | 'pre-rollback') => (object: Rendered) => object.metadata.annotations?.['helm.sh/hook'] === when;
const isRepeated = (object: Rendered) => isHook('pre-delete')(object) || isHook('pre-rollback')(object);

describe.each(EVERYTHING)('chart %s %s', (chart, _what, how) => {
  let manifest = '';
  beforeAll(async () => {
    const { stdout, stderr } = await template(chart, how);
    manifest = stdout;
    expect(stderr).toBe('');
  });

  it('passes helm lint', async () => {
    const { code, stdout } = await offline(['lint', '--strict', join(CHARTS, chart), '--values', '-'], JSON.stringify(how.values ?? {}));
    expect(stdout).toContain('0 chart(s) failed');
    expect(code).toBe(0);
  });

  it('renders each object once, marked as part of KDR, and in its own namespace', () => {
    const objects = objectsOf(manifest).filter((object) => !isRepeated(object));
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/part-of'] !== 'kdr')).toEqual([]);
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    const allowed = [undefined, how.namespace ?? 'kdr-system', 'kube-node-lease'];
    expect([...namespaces].filter((namespace) => !allowed.includes(namespace))).toEqual([]);
  });

  it('confines every container and pins every image', () => {
    for (const { where, pod, container } of containers(objectsOf(manifest))) {
      expect(container.image, where).toMatch(/^[a-z0-9./-]+:[\w][\w.-]*$/);
      expect(container.image, where).not.toMatch(/:latest$/);
      expect(container.securityContext, where).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.securityContext.privileged, where).toBeUndefined();
      expect(pod.securityContext.seccompProfile, where).toEqual({ type: 'RuntimeDefault' });
      expect(pod.hostNetwork ?? false, where).toBe(false);
      expect(pod.hostIPC ?? false, where).toBe(false);
      expect(pod.automountServiceAccountToken, where).toBe(false);
      expect(container.resources.requests.memory && container.resources.limits.memory, where).toBeTruthy();
    }
  });

  it('leaves no word of its templates behind', () => {
    expect(manifest).not.toMatch(/@[A-Z]{4,}@|<no value>|map\[/);
  });
});

describe('what is safe by default', () => {
  it('a person approves each repair, and looking may be intrusive', async () => {
    const policy = find(await render('kdr'), 'RecoveryPolicy', 'default');
    expect(policy.spec).toEqual({ fallback: true, mode: 'Approve', intrusiveDiagnosis: 'Allow' });
  });

  it('may signal others in one container only, and only the agent’s pod sees the host’s processes', async () => {
    const all = containers(await render('kdr'));
    const adds = all.filter(({ container }) => container.securityContext.capabilities.add !== undefined);
    expect(Object.fromEntries(adds.map(({ where, container }) => [where, container.securityContext.capabilities.add]))).toEqual({
      'DaemonSet kdr-agent/agent': ['SYS_PTRACE'],
      'DaemonSet kdr-agent/plugins': ['SYS_PTRACE', 'DAC_READ_SEARCH', 'KILL'],
    });
    expect(all.filter(({ pod }) => pod.hostPID).map(({ where }) => where.split('/')[0])).toEqual(Array(3).fill('DaemonSet kdr-agent'));
    const roots = all.filter(({ pod, container }) => (container.securityContext.runAsUser ?? pod.securityContext.runAsUser) === 0);
    expect(roots.map(({ where }) => where)).toEqual(['DaemonSet kdr-agent/agent', 'DaemonSet kdr-agent/plugins']);
  });

  it('gives a token only to what calls the API server, never to the plugins of a node', async () => {
    const withToken = containers(await render('kdr', KDR_VARIANTS['with sidecars'])).filter(({ container }) =>
      container.volumeMounts.some((mount: { name: string }) => mount.name === 'api-token'),
    );
    expect(withToken.map(({ where }) => where).sort()).toEqual([
      'DaemonSet kdr-agent/agent',
      'DaemonSet kdr-agent/sources',
      'Deployment kdr-cluster-plugins/plugins',
      'Deployment kdr-cluster-sources/sources',
      'Deployment kdr-master/master',
      'Pod kdr-check/check',
    ]);
  });

  it('writes to the host below its own directory only', async () => {
    const agent = find(await render('kdr'), 'DaemonSet', 'kdr-agent').spec.template.spec;
    const host = agent.volumes.filter((volume: { hostPath?: object }) => volume.hostPath);
    const mounts = agent.containers.flatMap((one: { volumeMounts: object[] }) => one.volumeMounts) as {
      name: string;
      readOnly?: boolean;
    }[];
    const writable = host.filter(({ name }: { name: string }) => mounts.some((mount) => mount.name === name && !mount.readOnly));
    expect(writable.map((volume: { hostPath: { path: string } }) => volume.hostPath.path)).toEqual([
      '/var/lib/kdr/agent',
      '/var/lib/kdr/attempts',
    ]);
  });

  it('keeps the CRDs when it is uninstalled', async () => {
    const crds = (await render('kdr')).filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds).toHaveLength(9);
    for (const { metadata } of crds) expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });
});

describe('with recovery switched off', () => {
  it('nothing is left that could repair', async () => {
    const objects = await render('kdr', KDR_VARIANTS['without recovery']);
    expect(names(objects, 'Recoverer')).toEqual([]);
    expect(find(objects, 'RecoveryPolicy', 'kdr-recovery-off').spec).toEqual({ mode: 'Observe', intrusiveDiagnosis: 'Allow' });
    expect(find(objects, 'RecoveryPolicy', 'default').spec.mode).toBe('Observe');
    expect(names(objects, 'ClusterRole')).not.toContain('kdr-approve');
    const capabilities = containers(objects).flatMap(({ container }) => container.securityContext.capabilities.add ?? []);
    expect(capabilities).not.toContain('KILL');
    const [abnormals] = find(objects, 'ClusterRole', 'kdr-agent').rules.filter((rule: { resources: string[] }) =>
      rule.resources.includes('abnormals'),
    );
    expect(abnormals.verbs).not.toContain('patch');
  });

  it('no program serves a recoverer, whatever extraEnv says, and none gets the directory of attempts', async () => {
    const own = { extraEnv: [{ name: 'KDR_RECOVERY', value: 'on' }] };
    for (const [enabled, word] of [
      [false, 'off'],
      [true, 'on'],
    ] as const) {
      const objects = await render('kdr', { values: { recovery: { enabled }, plugins: own, clusterPlugins: own } });
      const programs = containers(objects).filter(({ container }) => container.args?.[0] === '/app/kdr-plugins.js');
      expect(programs.map(({ container }) => container.args.join(' ')).sort()).toEqual([
        '/app/kdr-plugins.js --group cluster',
        '/app/kdr-plugins.js --group node',
      ]);
      // Of two values of one name the last counts.
      for (const { container } of programs) expect(container.env.at(-1)).toEqual({ name: 'KDR_RECOVERY', value: word });
      expect(JSON.stringify(objects).includes('/var/lib/kdr/attempts')).toBe(enabled);
    }
  });

  it('a sidecar that recovers is not registered either, and does not run', async () => {
    const values = { ...(KDR_VARIANTS['with sidecars']?.values ?? {}), recovery: { enabled: false } };
    const objects = await render('kdr', { values });
    expect(registered(objects)).not.toContain('disk-clean');
    const sidecars = containers(objects).map(({ container }) => container.name as string);
    expect(sidecars.filter((name) => name.startsWith('plugin-'))).toEqual(['plugin-disk-full']);
    expect(JSON.stringify(objects)).not.toContain('disk-clean');
  });
});

describe('registrations', () => {
  it('are hooks where the release brings the kinds, and go with the release', async () => {
    const objects = await render('kdr');
    const all = objects.filter(({ kind }) => ['InformationCollector', 'Diagnoser', 'Recoverer'].includes(kind));
    const made = all.filter((object) => !isRepeated(object));
    expect(made.every(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'post-install,post-upgrade,post-rollback')).toBe(true);
    expect(registered(all.filter(isHook('pre-delete'))).sort()).toEqual(registered(made).sort());
    // Helm 4 applies hooks: neither before nor after a rollback are they made anew.
    const kept = all.filter(isHook('pre-rollback'));
    expect(registered(kept).sort()).toEqual(registered(made).sort());
    expect(kept.every(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep')).toBe(true);
    const policies = [...made, ...kept].map(({ metadata }) => metadata.annotations?.['helm.sh/hook-delete-policy']);
    expect(new Set(policies)).toEqual(new Set(['hook-failed']));
  });

  it('are objects of the release where the kinds are known', async () => {
    const objects = await render('kdr', KDR_VARIANTS['on a cluster that knows the kinds']);
    for (const name of registered(objects)) {
      const { metadata } = objects.find((object) => object.metadata.name === name && registered([object]).length > 0) as Rendered;
      expect(Object.keys(metadata.annotations ?? {})).toEqual(['meta.helm.sh/release-name', 'meta.helm.sh/release-namespace']);
    }
  });

  it('name the sockets that the pod shares, also where they lie on the host', async () => {
    for (const [values, directory] of [
      [{}, '/run/kdr'],
      [{ agent: { socketHostPath: '/opt/sockets' } }, '/opt/sockets'],
    ] as const) {
      const objects = await render('kdr', { values });
      expect(find(objects, 'Diagnoser', 'containerd-shim-deadlock').spec.endpoint).toEqual({
        local: { socket: `${directory}/plugins/containerd-shim-deadlock.sock` },
      });
      const plugins = containers(objects).find(({ where }) => where === 'DaemonSet kdr-agent/plugins')?.container;
      expect(plugins?.env).toContainEqual({ name: 'KDR_PLUGIN_DIR', value: `${directory}/plugins` });
      expect(plugins?.volumeMounts.map((mount: { mountPath: string }) => mount.mountPath)).toContain(directory);
    }
  });

  it('of the group `cluster` name a port of the Service, which their program listens on', async () => {
    const objects = await render('kdr', { namespace: 'operations' });
    const ports = find(objects, 'Service', 'kdr-cluster-plugins').spec.ports.map(({ port }: { port: number }) => port);
    const remote = objects.filter((object) => object.spec?.endpoint?.service && !isRepeated(object));
    expect(remote.map(({ metadata }) => metadata.name)).toContain('pod');
    expect(remote.map(({ spec }) => spec.endpoint.service.port)).toEqual(ports);
    for (const { spec, metadata } of remote) {
      expect(spec.endpoint.service).toMatchObject({ namespace: 'operations', name: 'kdr-cluster-plugins' });
      expect(spec.endpoint.service.caBundle).toBeUndefined();
      expect(metadata.labels).toMatchObject({ 'kdr.dev/ca': 'kdr' });
    }
  });

  it('can be switched off and tuned one by one', async () => {
    const objects = await render('kdr', KDR_VARIANTS['with everything that can be set']);
    expect(registered(objects)).not.toContain('process-kill');
    expect(find(objects, 'Diagnoser', 'containerd-shim-deadlock').spec).toMatchObject({ priority: 900, timeoutSeconds: 60 });
  });

  it('of sidecars stand beside their container', async () => {
    const objects = await render('kdr', KDR_VARIANTS['with sidecars']);
    expect(find(objects, 'Diagnoser', 'disk-full').spec).toEqual({
      priority: 150,
      match: { faults: ['DiskPressure'] },
      endpoint: { local: { socket: '/run/kdr/plugins/disk-full.sock' } },
    });
    expect(containers(objects).map(({ where }) => where)).toContain('DaemonSet kdr-agent/plugin-disk-full');
  });
});

describe('the webhook', () => {
  const rules = (webhook: { rules: { apiGroups: string[]; resources: string[]; operations: string[] }[] }) => webhook.rules;

  it('is asked about KDR’s own kinds only, about no subresource and no deletion', async () => {
    const { webhooks } = find(await render('kdr'), 'ValidatingWebhookConfiguration', 'kdr');
    for (const webhook of webhooks) {
      expect(webhook).toMatchObject({ failurePolicy: 'Fail', timeoutSeconds: 5, sideEffects: 'None' });
      expect(webhook.clientConfig.caBundle).toBeUndefined();
      for (const rule of rules(webhook)) {
        expect(rule.apiGroups).toEqual(['kdr.dev']);
        expect(rule.resources.filter((resource) => /[/*]/.test(resource))).toEqual([]);
        expect(rule.operations.filter((operation) => !['CREATE', 'UPDATE'].includes(operation))).toEqual([]);
      }
    }
  });

  it('passes by what the release itself brings, and nothing that tenants create', async () => {
    const { webhooks } = find(await render('kdr'), 'ValidatingWebhookConfiguration', 'kdr');
    const conditions = Object.fromEntries(
      webhooks.map((one: { name: string; matchConditions: { name: string }[] }) => [one.name, one.matchConditions.map(({ name }) => name)]),
    );
    expect(conditions).toEqual({
      'faults.kdr.dev': ['not-kdr-itself'],
      'configuration.kdr.dev': ['not-kdr-itself', 'not-of-this-release'],
    });
  });

  it('can be left out, or be given its certificates by cert-manager', async () => {
    const without = await render('kdr', KDR_VARIANTS['without webhook']);
    expect(names(without, 'ValidatingWebhookConfiguration')).toEqual([]);
    expect(names(without, 'Service')).toEqual(['kdr-cluster-plugins']);
    const managed = await render('kdr', OPERATOR_VARIANTS['with cert-manager']);
    expect(names(managed, 'Secret')).toEqual([]);
    expect(names(managed, 'Certificate')).toEqual(['kdr-cluster-plugins', 'kdr-master']);
    expect(find(managed, 'ValidatingWebhookConfiguration', 'kdr').metadata.annotations).toEqual({
      'cert-manager.io/inject-ca-from': 'kdr-system/kdr-master',
    });
  });

  it('ships the Secrets without a word in them: Helm must never write over the master’s keys', async () => {
    const objects = await render('kdr');
    expect(names(objects, 'Secret')).toEqual(['kdr-cluster-plugins-tls', 'kdr-tls']);
    for (const secret of objects.filter(({ kind }) => kind === 'Secret'))
      expect([secret.data, secret.stringData]).toEqual([undefined, undefined]);
  });
});

describe('without selectableFields', () => {
  it('CRDs have none, and agents select by label', async () => {
    const old = await render('kdr', { kubeVersion: 'v1.30.0', values: { agent: { options: { workers: 7 } } } });
    expect(JSON.stringify(old)).not.toContain('selectableFields');
    const { env } = containers(old).find(({ where }) => where === 'DaemonSet kdr-agent/agent')?.container ?? {};
    const options = env.find(({ name }: { name: string }) => name === 'KDR_AGENT_OPTIONS').value;
    expect(JSON.parse(options)).toEqual({ selectBy: 'label', workers: 7 });
  });

  it('they are there from Kubernetes 1.31 on', async () => {
    const versions = find(await render('kdr', { kubeVersion: 'v1.31.0' }), 'CustomResourceDefinition', 'abnormals.kdr.dev').spec.versions;
    expect(versions[0].selectableFields).toContainEqual({ jsonPath: '.spec.nodeName' });
  });

  it('Kubernetes older than 1.30 is refused', async () => {
    expect((await template('kdr', { kubeVersion: 'v1.29.0' })).stderr).toContain('chart requires kubeVersion: >=1.30.0-0');
  });
});
