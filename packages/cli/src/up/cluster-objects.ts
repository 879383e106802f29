import { API_VERSION, RESOURCES, SYSTEM_NAMESPACE } from '@kdr/api-types';
import { admissionPolicies, customResourceDefinitions, embeddedRoles } from '@kdr/api-types/crd';
import {
  type ApiClient,
  ApiError,
  type ResourceType,
  customResourceDefinitionType,
  namespaceType,
  nodeType,
} from '@kdr/controller-runtime';
import { USERS } from './identities.ts';

interface Named {
  metadata: { name: string; resourceVersion?: string };
}

const admission = (kind: string, plural: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind,
  plural,
  namespaced: false,
});
const POLICY = admission('ValidatingAdmissionPolicy', 'validatingadmissionpolicies');
const BINDING = admission('ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings');

/** The policy that the chart ships too: a person approves each repair, and looking may be intrusive. */
const DEFAULT_POLICY = {
  apiVersion: API_VERSION,
  kind: 'RecoveryPolicy',
  metadata: { name: 'default' },
  spec: { fallback: true, mode: 'Approve', intrusiveDiagnosis: 'Allow' },
};

/** Creates an object, or brings the existing one to what is wanted. */
export async function applyObject<T extends Named>(client: ApiClient, type: ResourceType, object: T): Promise<void> {
  try {
    await client.create(type, object);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
    const { name } = object.metadata;
    const found = await client.get<T>(type, { name });
    await client.replace(type, {
      ...object,
      metadata: { ...found.metadata, ...object.metadata, resourceVersion: found.metadata.resourceVersion },
    });
  }
}

async function createOnce<T extends Named>(client: ApiClient, type: ResourceType, object: T): Promise<void> {
  await client.create(type, object).catch((error: unknown) => {
    if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
  });
}

/** What must be there before anything runs: kinds, policies, KDR's namespace, the machine as a Node, and at the first start a default policy. */
export async function applyClusterObjects(client: ApiClient, node: string): Promise<void> {
  await createOnce(client, namespaceType, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } });
  for (const crd of customResourceDefinitions()) await applyObject(client, customResourceDefinitionType, crd as never);
  for (const { policy, binding } of [...admissionPolicies(USERS), ...embeddedRoles(USERS)]) {
    await applyObject(client, POLICY, policy as never);
    await applyObject(client, BINDING, binding as never);
  }
  await createOnce(client, nodeType, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, labels: { 'kubernetes.io/hostname': node } },
  });
  // Once only: whoever deletes or changes it has decided otherwise.
  const marked = await client.get<Named & { metadata: { annotations?: Record<string, string> } }>(namespaceType, {
    name: SYSTEM_NAMESPACE,
  });
  if (marked.metadata.annotations?.['kdr.dev/initialised'] === undefined) {
    await createOnce(client, RESOURCES.RecoveryPolicy, DEFAULT_POLICY);
    await client.patch(
      namespaceType,
      { name: SYSTEM_NAMESPACE },
      { metadata: { annotations: { 'kdr.dev/initialised': 'true' } } },
      { type: 'merge' },
    );
  }
}
