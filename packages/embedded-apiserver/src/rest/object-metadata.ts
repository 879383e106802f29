import { randomBytes, randomUUID } from 'node:crypto';
import { isObject, timestamp } from '../api/object.ts';
import type { KubernetesObject, ObjectMeta } from '../api/object.ts';
import { badRequest } from '../api/status-error.ts';
import { apiVersionOf } from '../resources/resource-definition.ts';
import { fieldError } from '../schema/field-error.ts';
import type { FieldError } from '../schema/field-error.ts';
import type { ResourceRequest } from './api.ts';

/** Limits of k8s.io/apimachinery/pkg/api/validation. */
const maximumNameLength = 253;
const maximumAnnotationBytes = 256 * 1024;
const maximumGenerateNameLength = 248;

/**
 * Checks that a body is an object of the requested kind for the requested place, and returns it with a metadata object.
 * @throws StatusError 400 where it is not.
 */
export function expectObject(body: unknown, request: ResourceRequest): KubernetesObject {
  const { definition } = request;
  if (!isObject(body)) throw badRequest('the body has to be a JSON object');
  const expected = { apiVersion: apiVersionOf(definition), kind: definition.kind };
  const { apiVersion = expected.apiVersion, kind = expected.kind, metadata = {} } = body;
  if (apiVersion !== expected.apiVersion) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${expected.apiVersion})`,
    );
  }
  if (kind !== expected.kind)
    throw badRequest(`the kind in the data (${String(kind)}) does not match the expected kind (${expected.kind})`);
  if (!isObject(metadata)) throw badRequest('metadata has to be an object');
  const object = { ...body, ...expected, metadata: { ...metadata } } as unknown as KubernetesObject;
  checkPlace(object.metadata, request);
  return object;
}

function checkPlace(metadata: ObjectMeta, { definition, namespace, name }: ResourceRequest): void {
  if (definition.namespaced) {
    metadata.namespace ||= namespace!;
    if (metadata.namespace !== namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  } else {
    delete metadata.namespace;
  }
  if (name === undefined) return;
  metadata.name ||= name;
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`);
  }
}

/** Gives a new object what the server decides: name from generateName, uid, time, generation. */
export function initialiseMetadata(object: KubernetesObject, now: number, hasGeneration: boolean): void {
  const { metadata } = object;
  if (!metadata.name && typeof metadata.generateName === 'string' && metadata.generateName !== '') {
    metadata.name = metadata.generateName.slice(0, maximumGenerateNameLength) + randomSuffix();
  }
  for (const field of serverOwned) delete metadata[field];
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(now);
  if (hasGeneration) metadata.generation = 1;
}

/** Gives a changed object those parts of its metadata that no client can change. */
export function keepMetadata(object: KubernetesObject, old: ObjectMeta): void {
  const { metadata } = object;
  for (const field of serverOwned) delete metadata[field];
  for (const field of keptFields) if (old[field] !== undefined) Object.assign(metadata, { [field]: old[field] });
}

const keptFields = [
  'uid',
  'creationTimestamp',
  'resourceVersion',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;
const serverOwned = [...keptFields, 'managedFields', 'selfLink'] as (keyof ObjectMeta)[] as ('managedFields' | 'selfLink' | 'generation')[];

/** Five characters without vowels and look-alikes, as k8s.io/apimachinery/pkg/util/rand makes them. */
function randomSuffix(): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from(randomBytes(5), (byte) => alphabet[byte % alphabet.length]).join('');
}

const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = new RegExp(`^${dnsLabel}(\\.${dnsLabel})*$`);
const label = new RegExp(`^${dnsLabel}$`);
const qualifiedName = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

/** What is wrong with an object's metadata (k8s.io/apimachinery/pkg/api/validation/objectmeta.go). */
export function checkMetadata({ kind, metadata }: KubernetesObject): FieldError[] {
  const errors = [
    ...checkName(kind, metadata),
    ...checkMap('metadata.labels', metadata.labels, (value) => labelValue.test(value)),
    ...checkMap('metadata.annotations', metadata.annotations, () => true),
    ...checkFinalizers(metadata.finalizers),
    ...checkOwners(metadata.ownerReferences),
  ];
  const annotated = Object.entries(isObject(metadata.annotations) ? metadata.annotations : {}).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    0,
  );
  if (annotated > maximumAnnotationBytes) {
    errors.push(fieldError('metadata.annotations', 'TooLong', undefined, `may not be more than ${maximumAnnotationBytes} bytes`));
  }
  return errors;
}

function checkName(kind: string, { name }: ObjectMeta): FieldError[] {
  if (name === undefined || name === '') return [fieldError('metadata.name', 'Required', undefined, 'name or generateName is required')];
  const [pattern, length] = kind === 'Namespace' ? [label, 63] : [subdomain, maximumNameLength];
  if (typeof name !== 'string') return [fieldError('metadata.name', 'TypeInvalid', name, 'must be a string')];
  if (name.length > length) return [fieldError('metadata.name', 'Invalid', name, `must be no more than ${length} characters`)];
  return pattern.test(name) ? [] : [fieldError('metadata.name', 'Invalid', name, subdomainRule)];
}

function checkMap(path: string, map: unknown, valid: (value: string) => boolean): FieldError[] {
  if (map === undefined || map === null) return [];
  if (!isObject(map)) return [fieldError(path, 'TypeInvalid', map, 'must be an object of strings')];
  return Object.entries(map).flatMap(([key, value]) => [
    ...(qualifiedName.test(key.toLowerCase()) ? [] : [fieldError(path, 'Invalid', key, 'must be a qualified name')]),
    ...(typeof value === 'string' && valid(value) ? [] : [fieldError(path, 'Invalid', value, 'must be a valid value')]),
  ]);
}

function checkFinalizers(finalizers: unknown): FieldError[] {
  if (finalizers === undefined || finalizers === null) return [];
  if (!Array.isArray(finalizers)) return [fieldError('metadata.finalizers', 'TypeInvalid', finalizers, 'must be a list of strings')];
  const valid = (name: unknown) => typeof name === 'string' && qualifiedName.test(name);
  return finalizers.flatMap((name, index) =>
    valid(name) ? [] : [fieldError(`metadata.finalizers[${index}]`, 'Invalid', name, 'must be a qualified name')],
  );
}

function checkOwners(owners: unknown): FieldError[] {
  if (owners === undefined || owners === null) return [];
  if (!Array.isArray(owners)) return [fieldError('metadata.ownerReferences', 'TypeInvalid', owners, 'must be a list')];
  return owners.flatMap((owner: unknown, index) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((part) =>
      isObject(owner) && typeof owner[part] === 'string' && owner[part] !== ''
        ? []
        : [fieldError(`metadata.ownerReferences[${index}].${part}`, 'Required', undefined, 'must not be empty')],
    ),
  );
}
