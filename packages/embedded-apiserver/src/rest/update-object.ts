import { isDeepStrictEqual } from 'node:util';
import { invalid } from '../api/invalid-error.ts';
import type { KubernetesObject } from '../api/object.ts';
import { conflict, notFound, staleObject } from '../api/status-error.ts';
import { fieldError } from '../schema/field-error.ts';
import type { FieldError } from '../schema/field-error.ts';
import { primeView } from '../selectors/selector.ts';
import { admit } from './admit.ts';
import { inVersion } from './api.ts';
import type { Api, ObjectAnswer, ResourceRequest } from './api.ts';
import { removeRecord } from './delete-object.ts';
import { checkMetadata, expectObject, keepMetadata } from './object-metadata.ts';

/** PUT: stages the given object in place of the present one. */
export function replaceObject(api: Api, request: ResourceRequest, body: unknown): ObjectAnswer {
  return updateObject(api, request, (current) => {
    const { metadata } = expectObject(body, request);
    if (request.definition.needsResourceVersion && !metadata.resourceVersion) {
      const missing = fieldError('metadata.resourceVersion', 'Invalid', 0, 'must be specified for an update');
      throw invalid(request.definition, current.metadata.name, [missing]);
    }
    return body;
  });
}

/**
 * Stages a change of an object.
 * @param change makes the wanted object from the present one (in the requested version), which it must leave as it is.
 * @throws StatusError 404, 409 for a stale resourceVersion or uid, 422, or what a policy says.
 */
export function updateObject(api: Api, request: ResourceRequest, change: (current: KubernetesObject) => unknown): ObjectAnswer {
  const { definition } = request;
  const record = api.store.get(definition.storage, request.namespace ?? '', request.name!);
  if (record === undefined) throw notFound(definition, request.name!);
  const old = JSON.parse(record.json) as KubernetesObject;
  const oldWire = inVersion(definition, old);
  const wanted = expectObject(change(oldWire), request);
  checkPreconditions(request, old, wanted);
  const object = validateChange(request, combine(request, oldWire, wanted), oldWire);
  const stored = definition.convert ? definition.convert.toStored(object) : object;
  if (definition.hasGeneration && contentChanged(request, stored, old)) {
    stored.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  admit(api, request, 'UPDATE', stored, old);
  if (stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0) {
    const json = JSON.stringify(stored);
    if (!request.dryRun) removeRecord(api, definition.storage, stored);
    return { code: 200, json };
  }
  if (isDeepStrictEqual(stored, old)) return { code: 200, json: record.json }; // nothing changed: no revision is spent, as in Kubernetes
  if (request.dryRun) return { code: 200, json: JSON.stringify(stored) };
  const next = api.store.put(definition.storage, stored);
  primeView(next, stored, definition.selectableFields);
  return { code: 200, json: next.json };
}

function checkPreconditions({ definition }: ResourceRequest, old: KubernetesObject, { metadata }: KubernetesObject): void {
  const { name, uid, resourceVersion } = old.metadata;
  if (metadata.uid && metadata.uid !== uid) {
    throw conflict(definition, name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`);
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) throw conflict(definition, name, staleObject);
}

/** The status belongs to the subresource, everything else to the object itself. */
function combine({ definition, subresource }: ResourceRequest, old: KubernetesObject, wanted: KubernetesObject): KubernetesObject {
  const base = subresource === 'status' ? { ...old, metadata: { ...old.metadata } } : wanted;
  const statusFrom = subresource === 'status' || !definition.hasStatus ? wanted : old;
  const object = { ...base };
  if (statusFrom.status === undefined) delete object.status;
  else object.status = statusFrom.status;
  keepMetadata(object, old.metadata);
  return object;
}

function validateChange(request: ResourceRequest, wire: KubernetesObject, old: KubernetesObject): KubernetesObject {
  const { definition, fieldValidation, subresource } = request;
  if (subresource === undefined) definition.complete?.(wire, old);
  const prepared = definition.schema.prepare(wire, { old, fieldValidation, ...(subresource ? { subresource } : {}) });
  request.warnings.push(...prepared.warnings);
  const object = prepared.object as KubernetesObject;
  const errors = [...checkMetadata(wire), ...checkNewFinalizers(wire, old), ...prepared.errors];
  if (errors.length === 0) errors.push(...(definition.validate?.(object, old) ?? []));
  if (errors.length > 0) throw invalid(definition, wire.metadata.name, errors);
  return object;
}

function checkNewFinalizers({ metadata }: KubernetesObject, old: KubernetesObject): FieldError[] {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const known = new Set(old.metadata.finalizers ?? []);
  const added = (metadata.finalizers ?? []).filter((name) => !known.has(name));
  if (added.length === 0) return [];
  const found = added.map((name) => JSON.stringify(name)).join(', ');
  return [
    fieldError(
      'metadata.finalizers',
      'Forbidden',
      undefined,
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${found}}`,
    ),
  ];
}

function contentChanged({ definition, subresource }: ResourceRequest, now: KubernetesObject, before: KubernetesObject): boolean {
  if (subresource === 'status') return false;
  const content = ({ metadata: _metadata, status, ...rest }: KubernetesObject) => (definition.hasStatus ? rest : { ...rest, status });
  return !isDeepStrictEqual(content(now), content(before));
}
