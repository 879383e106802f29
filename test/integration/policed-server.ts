import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admissionPolicies, customResourceDefinitions, embeddedRoles } from '@kdr/api-types/crd';
import { type ApiClient, type ResourceType, createApiClient, customResourceDefinitionType, namespaceType } from '@kdr/controller-runtime';
import { startApiServer } from '@kdr/embedded-apiserver';

/** Everybody who writes to the server of these tests. `agentElsewhere`: an agent of another node; `agentUnbound`: its token names no node. */
export const IDENTITIES = ['admin', 'colleague', 'master', 'agent', 'agentElsewhere', 'agentUnbound', 'source'] as const;
export type IdentityName = (typeof IDENTITIES)[number];

/** The embedded server with KDR's kinds and admission policies, and nobody who works on what is there. */
export interface PolicedServer {
  directory: string;
  /** Text of the admin's kubeconfig. */
  kubeconfig: string;
  as: Record<IdentityName, ApiClient>;
  /** For a program of its own. */
  url: string;
  ca: string;
  tokenOf(name: IdentityName): string;
  /** Does something as if there were no such policy yet. */
  withoutPolicy(name: string, does: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
}

const admission = (kind: string, plural: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});
const account = (name: string) => `system:serviceaccount:kdr-system:${name}`;
const users = { master: account('kdr-master'), agent: account('kdr-agent'), source: account('kdr-source') };
const onNode = (node: string) => ({ extra: { 'authentication.kubernetes.io/node-name': [node] } });
const WHO: Record<IdentityName, { username: string; groups?: string[]; extra?: Record<string, string[]> }> = {
  admin: { username: 'admin', groups: ['system:masters'] },
  colleague: { username: 'colleague' },
  master: { username: users.master },
  agent: { username: users.agent, ...onNode('n1') },
  agentElsewhere: { username: users.agent, ...onNode('n2') },
  agentUnbound: { username: users.agent },
  source: { username: users.source, ...onNode('n1') },
};
const tokenOf = (name: IdentityName) => `token-of-${name.toLowerCase()}-0123456789`;

/** Starts it on a free port. */
export async function startPolicedServer(): Promise<PolicedServer> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-policed-'));
  const identities = IDENTITIES.map((name) => ({ token: tokenOf(name), user: { groups: [], ...WHO[name] } }));
  const server = await startApiServer({ directory: join(directory, 'state'), identities });
  const connect = (name: IdentityName) => createApiClient({ server: server.url, ca: server.ca, token: tokenOf(name) });
  const as = Object.fromEntries(IDENTITIES.map((name) => [name, connect(name)])) as Record<IdentityName, ApiClient>;
  await as.admin.create(namespaceType, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kdr-system' } });
  for (const crd of customResourceDefinitions()) await as.admin.create(customResourceDefinitionType, crd as never);
  const bindingType = admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');
  const policies = [...admissionPolicies(users), ...embeddedRoles(users)];
  for (const { policy, binding } of policies) {
    await as.admin.create(admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies'), policy as never);
    await as.admin.create(bindingType, binding as never);
  }
  return {
    directory,
    kubeconfig: server.kubeconfig(tokenOf('admin')),
    as,
    url: server.url,
    ca: server.ca,
    tokenOf,
    withoutPolicy: async (name, does) => {
      const { binding } = policies.find((one) => (one.binding.metadata as { name: string }).name === name) ?? {};
      await as.admin.delete(bindingType, { name });
      await does();
      await as.admin.create(bindingType, binding as never);
    },
    stop: async () => {
      await Promise.all(Object.values(as).map((client) => client.close()));
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
