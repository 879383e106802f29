import type { FieldError } from '../schema/field-error.ts';
import { fieldError } from '../schema/field-error.ts';
import { isObject, type JsonObject } from '../schema/json.ts';
import type { AdmissionRequest } from './admission-request.ts';
import { readLabelSelector } from './label-selector.ts';

/** Whether a policy or binding is about a request. */
export type RequestMatcher = (request: AdmissionRequest) => boolean;

const operations: ReadonlySet<unknown> = new Set(['*', 'CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
const scopes: ReadonlySet<unknown> = new Set([undefined, null, '*', 'Namespaced', 'Cluster']);

/**
 * Reads `matchConstraints` or `matchResources` (apiserver admission/plugin/policy/matching, webhook/predicates/rules).
 * `matchPolicy: Equivalent` is `Exact` here: a resource is served in one version.
 * @param rulesRequired a policy has to name its resources, a binding need not
 */
export function readMatchResources(raw: unknown, path: string, rulesRequired: boolean, errors: FieldError[]): RequestMatcher {
  const source = isObject(raw) ? raw : {};
  const rules = readRules(source['resourceRules'], `${path}.resourceRules`, errors);
  if (rulesRequired && rules.length === 0) errors.push(fieldError(`${path}.resourceRules`, 'Required', undefined, ''));
  const excluded = readRules(source['excludeResourceRules'], `${path}.excludeResourceRules`, errors);
  const namespaceSelector = readLabelSelector(source['namespaceSelector'], `${path}.namespaceSelector`, errors);
  const objectSelector = readLabelSelector(source['objectSelector'], `${path}.objectSelector`, errors);
  return (request) => {
    if (excluded.some((rule) => rule(request))) return false;
    if (rules.length > 0 && !rules.some((rule) => rule(request))) return false;
    if (!namespaceMatches(request, namespaceSelector)) return false;
    const objects = [request.object, request.oldObject].filter((object) => object !== undefined);
    return objects.length === 0 ? objectSelector({}) : objects.some((object) => objectSelector(labelsOf(object)));
  };
}

// Cluster-scoped objects are never excluded by a namespace selector; a Namespace is selected by its own labels.
function namespaceMatches(request: AdmissionRequest, selector: (labels: JsonObject) => boolean): boolean {
  if (request.resource.group === '' && request.resource.resource === 'namespaces') {
    return selector(labelsOf(request.object ?? request.oldObject ?? {}));
  }
  if (request.namespace === undefined || request.namespace === '') return true;
  return selector(labelsOf(request.namespaceObject ?? {}));
}

function labelsOf(object: object): JsonObject {
  const metadata = (object as JsonObject)['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  return isObject(labels) ? labels : {};
}

function readRules(raw: unknown, path: string, errors: FieldError[]): RequestMatcher[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) {
    errors.push(fieldError(path, 'Invalid', raw, 'must be an array'));
    return [];
  }
  return raw.map((rule, i) => readRule(isObject(rule) ? rule : {}, `${path}[${i}]`, errors));
}

function readRule(rule: JsonObject, path: string, errors: FieldError[]): RequestMatcher {
  const strings = (name: string): string[] => {
    const value = rule[name];
    if (Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string')) return value;
    errors.push(fieldError(`${path}.${name}`, 'Required', undefined, ''));
    return [];
  };
  const [groups, versions, verbs, resources] = [strings('apiGroups'), strings('apiVersions'), strings('operations'), strings('resources')];
  const names = Array.isArray(rule['resourceNames']) ? rule['resourceNames'] : [];
  const scope = rule['scope'];
  for (const verb of verbs) {
    if (!operations.has(verb))
      errors.push(fieldError(`${path}.operations`, 'NotSupported', verb, 'supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"'));
  }
  if (!scopes.has(scope)) errors.push(fieldError(`${path}.scope`, 'NotSupported', scope, 'supported values: "*", "Cluster", "Namespaced"'));
  return ({ resource, subresource, operation, namespace, name }) =>
    has(verbs, operation) &&
    has(groups, resource.group) &&
    has(versions, resource.version) &&
    resources.some((entry) => resourceMatches(entry, resource.resource, subresource ?? '')) &&
    scopeMatches(scope, resource, namespace) &&
    (names.length === 0 || names.includes(name));
}

function has(entries: readonly string[], wanted: string): boolean {
  return entries.includes('*') || entries.includes(wanted);
}

// `pods` is the object alone, `pods/status` that subresource, `pods/*` both with all of them, `*` every object alone.
function resourceMatches(entry: string, resource: string, subresource: string): boolean {
  const slash = entry.indexOf('/');
  const [wanted, sub] = slash < 0 ? [entry, ''] : [entry.slice(0, slash), entry.slice(slash + 1)];
  return (wanted === '*' || wanted === resource) && (sub === '*' || sub === subresource);
}

function scopeMatches(scope: unknown, resource: { group: string; resource: string }, namespace: string | undefined): boolean {
  if (scope === undefined || scope === null || scope === '*') return true;
  const ofCluster = namespace === undefined || namespace === '' || (resource.group === '' && resource.resource === 'namespaces');
  return scope === 'Cluster' ? ofCluster : !ofCluster;
}
