import { clusterAdmissionPolicies, admissionPolicies, customResourceDefinitions, validatingWebhookConfiguration } from '@kdr/api-types/crd';
import { type ControlPlane, startControlPlane } from '../cluster/index.ts';

const NAMESPACE = 'kdr-system';
export const account = (name: string): string => `system:serviceaccount:${NAMESPACE}:${name}`;
export const USERS = { master: account('kdr-master'), agent: account('kdr-agent'), clusterSources: account('kdr-cluster-sources') };

const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]) => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames && { resourceNames }),
});
const READ = ['get', 'list', 'watch'];
const REGISTRATIONS = ['informationcollectors', 'diagnosers', 'recoverers'];

/** What the master needs, and nothing else: a right too few shows in these tests. */
const MASTER_CLUSTER_ROLE = [
  rule(['kdr.dev'], ['abnormals', ...REGISTRATIONS], [...READ, 'patch']),
  rule(['kdr.dev'], ['recoverypolicies', 'recoveryholds', 'recoveryapprovals'], READ),
  rule(['kdr.dev'], ['abnormals/status', ...REGISTRATIONS.map((plural) => `${plural}/status`)], ['patch']),
  rule([''], ['pods'], ['get']),
  rule([''], ['events'], ['create', 'patch']),
  rule(['admissionregistration.k8s.io'], ['validatingwebhookconfigurations'], [...READ, 'patch'], ['kdr']),
  rule(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
];
const MASTER_ROLE = [
  rule(['coordination.k8s.io'], ['leases'], [...READ, 'create', 'update']),
  rule([''], ['secrets'], [...READ, 'patch'], ['kdr-tls', 'kdr-cluster-plugins-tls']),
];

/** A user with rights: rules in namespaces, and for the whole cluster. */
function grant(name: string, user: string, cluster: object[], byNamespace: Record<string, object[]>): object[] {
  const rbac = 'rbac.authorization.k8s.io/v1';
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
  return [
    { apiVersion: rbac, kind: 'ClusterRole', metadata: { name }, rules: cluster },
    { apiVersion: rbac, kind: 'ClusterRoleBinding', metadata: { name }, subjects, roleRef: roleRef('ClusterRole') },
    ...Object.entries(byNamespace).flatMap(([namespace, rules]) => [
      { apiVersion: rbac, kind: 'Role', metadata: { namespace, name }, rules },
      { apiVersion: rbac, kind: 'RoleBinding', metadata: { namespace, name }, subjects, roleRef: roleRef('Role') },
    ]),
  ];
}

/** The policies whose absence is to be seen: `authorizer` and sockets. */
export const CLUSTER_POLICIES = clusterAdmissionPolicies(USERS);

/**
 * A real API server with KDR's kinds and policies, a tenant of namespace `team`, and the rights of the chart; no webhook yet.
 * @param flags of the API server, besides
 */
export async function startAdmissionPlane(flags: string[] = []): Promise<ControlPlane> {
  // Without it the API server takes a Service of type ExternalName at its word, and so reaches a webhook of this machine.
  const plane = await startControlPlane({ flags: { 'kube-apiserver': ['--enable-aggregator-routing=false', ...flags] } });
  const list = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await plane.apply(list(...customResourceDefinitions(), ...[NAMESPACE, 'team', 'others'].map(namespace)));
  await plane.kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
  const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: NAMESPACE, name }, type: 'Opaque' });
  const tenant = [rule(['kdr.dev'], ['abnormals', 'recoveryapprovals'], ['create', 'get']), rule([''], ['pods'], ['get'])];
  await plane.apply(
    list(
      ...[...admissionPolicies(USERS), ...CLUSTER_POLICIES].flatMap(({ policy, binding }) => [policy, binding]),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: NAMESPACE, name: 'kdr-master' } },
      ...['kdr-tls', 'kdr-cluster-plugins-tls'].map(secret),
      ...grant('kdr-master', USERS.master, MASTER_CLUSTER_ROLE, { [NAMESPACE]: MASTER_ROLE }),
      ...grant('kdr-cluster-sources', USERS.clusterSources, [rule(['kdr.dev'], ['abnormals'], ['create'])], {}),
      ...grant('tenant', 'tenant', [], { team: tenant }),
    ),
  );
  return plane;
}

/** Lets the API server call the webhook: a Service that leads to a port of this machine, and the configuration without a caBundle. */
export async function installWebhook(plane: ControlPlane, port: number): Promise<void> {
  const service = { namespace: NAMESPACE, name: 'kdr-master' };
  const items = [
    { apiVersion: 'v1', kind: 'Service', metadata: service, spec: { type: 'ExternalName', externalName: 'localhost' } },
    validatingWebhookConfiguration({ name: 'kdr', service: { ...service, port }, users: USERS }),
  ];
  await plane.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}
