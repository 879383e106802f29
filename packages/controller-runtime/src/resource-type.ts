/** Where the API server keeps one kind of object. `group` is '' for the core group (`/api/v1`). */
export interface ResourceType {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** core/v1 Pod. */
export const podType: ResourceType = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
/** core/v1 Node (cluster-scoped). */
export const nodeType: ResourceType = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
/** core/v1 Namespace (cluster-scoped). */
export const namespaceType: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
/** core/v1 Event. */
export const eventType: ResourceType = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
/** core/v1 ConfigMap. */
export const configMapType: ResourceType = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
/** core/v1 Secret. */
export const secretType: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
/** coordination.k8s.io/v1 Lease. */
export const leaseType: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };
/** apiextensions.k8s.io/v1 CustomResourceDefinition (cluster-scoped). */
export const customResourceDefinitionType: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration (cluster-scoped). */
export const validatingWebhookConfigurationType: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};

/** `v1`, or `group/version`: the `apiVersion` of objects of this type. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** The path of the collection, in one namespace or (without one) in all of them. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  return namespace && type.namespaced ? `${root}/namespaces/${pathSegment(namespace)}/${type.plural}` : `${root}/${type.plural}`;
}

/**
 * The path of one object. It refuses (TypeError) an empty name and a namespaced object without a namespace:
 * such a path would be the collection's, and DELETE on it would empty the collection.
 */
export function objectPath(type: ResourceType, at: { namespace?: string; name: string }, subresource?: string): string {
  if (!at.name) throw new TypeError(`A ${type.kind} needs a name here.`);
  if (type.namespaced && !at.namespace) throw new TypeError(`${type.kind} ${at.name} needs a namespace: the kind is namespaced.`);
  const path = `${collectionPath(type, at.namespace)}/${pathSegment(at.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** Names that need no escaping: nearly all of them, so the slow path is rare. */
const PLAIN_SEGMENT = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

function pathSegment(value: string): string {
  if (PLAIN_SEGMENT.test(value)) return value;
  if (value === '.' || value === '..') throw new TypeError(`"${value}" is not a name: it would change the path of the request.`);
  return encodeURIComponent(value);
}
