import { describe, expect, it, vi } from 'vitest';
import { type Rendered, find, render } from './rendering.ts';
import { KDR_VARIANTS, OPERATOR_VARIANTS, PLUGIN_VARIANTS } from './variants.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}
const roles = (objects: readonly Rendered[]) => objects.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
/** `group/resource: verbs` of one role. */
const said = (role: Rendered) =>
  Object.fromEntries(
    (role.rules as Rule[]).flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.map((resource) => [
          `${group}/${resource}${resourceNames === undefined ? '' : ` ${resourceNames.length <= 3 ? resourceNames.join(' ') : `(${resourceNames.length})`}`}`,
          verbs.join(' '),
        ]),
      ),
    ),
  );

it.each(Object.entries({ ...KDR_VARIANTS, ...OPERATOR_VARIANTS }))(
  'no role %s has a wildcard, and each is bound to an account that exists',
  async (_what, how) => {
    const objects = await render('kdr', how);
    for (const role of roles(objects)) {
      for (const rule of role.rules as Rule[]) {
        expect(Object.keys(rule)).not.toContain('nonResourceURLs');
        for (const list of [rule.apiGroups, rule.resources, rule.verbs]) expect(list.filter((word) => word.includes('*'))).toEqual([]);
      }
    }
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
    const bound = objects.filter(({ kind }) => kind.endsWith('RoleBinding'));
    for (const { subjects, metadata, roleRef } of bound) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: metadata.name, namespace: how.namespace ?? 'kdr-system' }]);
      expect(accounts).toContain(metadata.name);
      expect(roles(objects).map((role) => `${role.kind} ${role.metadata.name}`)).toContain(`${roleRef.kind} ${roleRef.name}`);
    }
    expect([...new Set(bound.map(({ metadata }) => metadata.name))].sort()).toEqual(accounts.sort());
  },
);

it.each(Object.entries(PLUGIN_VARIANTS))('a plugin %s may at most ask whose token it is shown', async (_what, how) => {
  const objects = await render('kdr-plugin', how);
  expect(roles(objects)).toEqual([]);
  for (const { roleRef } of objects.filter(({ kind }) => kind.endsWith('RoleBinding'))) expect(roleRef.name).toBe('system:auth-delegator');
});

describe('each component may do what its code does, and nothing else', async () => {
  const objects = await render('kdr');
  const role = (kind: string, name: string, namespace?: string) =>
    said(
      objects.find(
        (one) => one.kind === kind && one.metadata.name === name && (namespace === undefined || one.metadata.namespace === namespace),
      ) ?? find([], kind, name),
    );

  it('the agent', () => {
    expect(role('ClusterRole', 'kdr-agent')).toEqual({
      'kdr.dev/abnormals': 'get list watch create delete patch',
      'kdr.dev/abnormals/status': 'patch',
      'kdr.dev/informationcollectors': 'list watch',
      'kdr.dev/diagnosers': 'list watch',
      'kdr.dev/recoverers': 'list watch',
      'kdr.dev/recoverypolicies': 'list watch',
      'kdr.dev/abnormalsources': 'list watch',
      '/events': 'list watch create patch',
    });
    expect(role('Role', 'kdr-agent')).toEqual({ 'coordination.k8s.io/leases': 'get create update' });
  });

  it('the master, which may read two Secrets and create none', () => {
    expect(role('ClusterRole', 'kdr-master')).toEqual({
      'kdr.dev/abnormals': 'get list watch patch',
      'kdr.dev/abnormals/status': 'patch',
      'kdr.dev/recoverypolicies': 'list watch',
      'kdr.dev/recoveryholds': 'list watch',
      'kdr.dev/recoveryapprovals': 'list watch',
      'kdr.dev/informationcollectors': 'get list watch patch',
      'kdr.dev/diagnosers': 'get list watch patch',
      'kdr.dev/recoverers': 'get list watch patch',
      'kdr.dev/informationcollectors/status': 'patch',
      'kdr.dev/diagnosers/status': 'patch',
      'kdr.dev/recoverers/status': 'patch',
      '/pods': 'get',
      '/events': 'create patch',
      'authorization.k8s.io/subjectaccessreviews': 'create',
      'admissionregistration.k8s.io/validatingwebhookconfigurations kdr': 'get list watch patch',
    });
    expect(role('Role', 'kdr-master')).toEqual({
      'coordination.k8s.io/leases': 'get list watch create update',
      '/secrets kdr-tls kdr-cluster-plugins-tls': 'get list watch patch',
    });
  });

  it('cluster plugins and sources', () => {
    expect(role('ClusterRole', 'kdr-cluster-plugins')).toEqual({
      '/pods': 'get',
      '/events': 'list',
      'authentication.k8s.io/tokenreviews': 'create',
    });
    expect(role('ClusterRole', 'kdr-cluster-sources')).toEqual({
      '/pods': 'list watch',
      'kdr.dev/abnormals': 'list create',
    });
    expect(role('Role', 'kdr-cluster-sources', 'kube-node-lease')).toEqual({ 'coordination.k8s.io/leases': 'get' });
  });

  it('helm test only reads', () => {
    const verbs = [role('ClusterRole', 'kdr-check'), role('Role', 'kdr-check')].flatMap((one) =>
      Object.values(one).flatMap((text) => text.split(' ')),
    );
    expect([...new Set(verbs)].sort()).toEqual(['get', 'list']);
  });

  it('the right to approve flows into no other role', () => {
    const { metadata, rules } = find(objects, 'ClusterRole', 'kdr-approve');
    expect(Object.keys(metadata.labels ?? {}).filter((label) => label.includes('aggregate-to'))).toEqual([]);
    expect((rules as Rule[])[0]).toEqual({ apiGroups: ['kdr.dev'], resources: ['recoveryapprovals'], verbs: ['create'] });
    expect(said(find(objects, 'ClusterRole', 'kdr-view'))).toSatisfy((one: object) =>
      Object.values(one).every((text) => text === 'get list watch'),
    );
  });

  it('admission policies speak of the accounts of this release', async () => {
    const elsewhere = await render('kdr', KDR_VARIANTS['in another namespace under another name']);
    const text = JSON.stringify(elsewhere.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy'));
    expect(text).toContain('system:serviceaccount:operations:kdr-agent');
    expect(text).not.toContain('kdr-system');
  });
});
