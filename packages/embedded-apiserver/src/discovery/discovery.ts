import { unknownResource } from '../api/status-error.ts';
import { apiVersionOf, storedVerbs } from '../resources/resource-definition.ts';
import type { ResourceDefinition } from '../resources/resource-definition.ts';
import type { ResourceRegistry } from '../resources/resource-registry.ts';

/** Resources that are asked and not stored: a POST is answered at once. */
export const reviewResources = [
  { group: 'authentication.k8s.io', version: 'v1', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews' },
  { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews' },
] as const;

/** /api and /apis in the aggregated form (apidiscovery.k8s.io/v2, KEP-3352). */
export function aggregatedDiscovery(registry: ResourceRegistry, scope: 'core' | 'groups'): object {
  const items = groupsOf(registry, scope).map(({ group, versions }) => ({
    metadata: group === '' ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      freshness: 'Current',
      resources: [...registry.of(group, version).map(aggregatedResource), ...reviewsOf(group, version).map(aggregatedReview)],
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

/**
 * /api, /api/V, /apis, /apis/G or /apis/G/V in the older forms.
 * @throws StatusError 404 for a group or version that is not served.
 */
export function discovery(
  registry: ResourceRegistry,
  scope: 'core' | 'groups',
  group: string | undefined,
  version: string | undefined,
): object {
  const groups = groupsOf(registry, scope);
  if (scope === 'core' && group === undefined) {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  if (group === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(apiGroup) };
  const found = groups.find((each) => each.group === group);
  if (found === undefined) throw unknownResource();
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) };
  if (!found.versions.includes(version)) throw unknownResource();
  const resources = [...registry.of(group, version).flatMap(listedResource), ...reviewsOf(group, version).map(listedReview)];
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources };
}

interface Group {
  group: string;
  versions: string[];
}

function groupsOf(registry: ResourceRegistry, scope: 'core' | 'groups'): Group[] {
  const stored = registry.groups().filter(({ group }) => (group === '') === (scope === 'core'));
  const reviews = scope === 'core' ? [] : reviewResources.map(({ group, version }) => ({ group, versions: [version] }));
  return [...stored, ...reviews];
}

function apiGroup({ group, versions }: Group): object {
  const listed = versions.map((version) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  return { name: group, versions: listed, preferredVersion: listed[0] };
}

function reviewsOf(group: string, version: string) {
  return reviewResources.filter((review) => review.group === group && review.version === version);
}

const statusVerbs = ['get', 'patch', 'update'];

function aggregatedResource(definition: ResourceDefinition): object {
  const { group, version, kind, plural, singular, shortNames, categories, namespaced, hasStatus } = definition;
  const responseKind = { group, version, kind };
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: storedVerbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(hasStatus ? { subresources: [{ subresource: 'status', responseKind, verbs: statusVerbs }] } : {}),
  };
}

function aggregatedReview({ group, version, kind, plural }: (typeof reviewResources)[number]): object {
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: 'Cluster',
    singularResource: kind.toLowerCase(),
    verbs: ['create'],
  };
}

function listedResource({ kind, plural, singular, shortNames, categories, namespaced, hasStatus }: ResourceDefinition): object[] {
  const resource = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: storedVerbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
  return hasStatus ? [resource, { name: `${plural}/status`, singularName: '', namespaced, kind, verbs: statusVerbs }] : [resource];
}

function listedReview({ kind, plural }: (typeof reviewResources)[number]): object {
  return { name: plural, singularName: kind.toLowerCase(), namespaced: false, kind, verbs: ['create'] };
}
