import { isObject, timestamp } from '../api/object.ts';
import type { KubernetesObject } from '../api/object.ts';
import { badRequest, conflict, forbidden, notFound } from '../api/status-error.ts';
import { storageOf } from '../resources/builtin-resources.ts';
import type { StoredRecord } from '../storage/change-log.ts';
import { admit, isTerminating } from './admit.ts';
import type { Api, ObjectAnswer, ResourceRequest } from './api.ts';

/** metav1.DeleteOptions, as far as it is read. The server runs nothing, so that a grace period is only echoed. */
export interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
  gracePeriodSeconds?: number;
}

/** Namespaces that the server itself needs. */
export const systemNamespaces: readonly string[] = ['default', 'kube-system'];

/** Reads DeleteOptions from the body of a DELETE, which may be empty. @throws StatusError 400 when it is something else. */
export function readDeleteOptions(body: unknown): DeleteOptions {
  if (body === undefined) return {};
  if (!isObject(body)) throw badRequest('the body of a delete has to be DeleteOptions');
  const { kind = 'DeleteOptions', preconditions, gracePeriodSeconds } = body;
  if (kind !== 'DeleteOptions') throw badRequest(`the body of a delete has to be DeleteOptions, not ${String(kind)}`);
  return {
    ...(isObject(preconditions) ? { preconditions: preconditions as NonNullable<DeleteOptions['preconditions']> } : {}),
    ...(typeof gracePeriodSeconds === 'number' ? { gracePeriodSeconds } : {}),
  };
}

/**
 * DELETE: stages the removal of an object, or marks it when finalizers or content hold it.
 * @returns the object where it stays, a Status where it went.
 */
export function deleteObject(api: Api, request: ResourceRequest, options: DeleteOptions): ObjectAnswer {
  const { definition } = request;
  const record = api.store.get(definition.storage, request.namespace ?? '', request.name!);
  if (record === undefined) throw notFound(definition, request.name!);
  const { uid } = deleteRecord(api, request, record, options);
  const left = api.store.get(definition.storage, record.namespace, record.name);
  if (left !== undefined && !request.dryRun) return { code: 200, json: left.json };
  const details = { name: record.name, ...(definition.group === '' ? {} : { group: definition.group }), kind: definition.plural, uid };
  return { code: 200, json: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }) };
}

/** Stages the deletion of one object as a client asked for it; returns its metadata. */
export function deleteRecord(
  api: Api,
  request: ResourceRequest,
  record: StoredRecord,
  options: DeleteOptions,
): KubernetesObject['metadata'] {
  const { definition } = request;
  const object = JSON.parse(record.json) as KubernetesObject;
  const { name, uid, resourceVersion } = object.metadata;
  const { preconditions = {} } = options;
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(definition, name, `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`);
  }
  if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw conflict(
      definition,
      name,
      `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
  }
  if (definition.storage === storageOf.namespaces && systemNamespaces.includes(name)) {
    throw forbidden(definition, name, 'this namespace may not be deleted');
  }
  admit(api, request, 'DELETE', undefined, object);
  if (!request.dryRun) beginDeletion(api, definition.storage, object, options.gracePeriodSeconds ?? 0);
  return object.metadata;
}

function beginDeletion(api: Api, storage: string, object: KubernetesObject, gracePeriodSeconds: number): void {
  const content = contentOf(api, storage, object.metadata.name);
  const held = (object.metadata.finalizers ?? []).length > 0 || content.length > 0;
  if (!held) {
    removeRecord(api, storage, object);
    return;
  }
  markDeleted(api, storage, object, gracePeriodSeconds);
  for (const record of content) {
    if (!isTerminating(record)) beginDeletion(api, record.resource, JSON.parse(record.json) as KubernetesObject, 0);
  }
}

function markDeleted(api: Api, storage: string, object: KubernetesObject, gracePeriodSeconds: number): void {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) return;
  metadata.deletionTimestamp = timestamp(api.now());
  metadata.deletionGracePeriodSeconds = gracePeriodSeconds;
  if (metadata.generation !== undefined) metadata.generation += 1;
  if (storage === storageOf.namespaces) object.status = { ...(isObject(object.status) ? object.status : {}), phase: 'Terminating' };
  api.store.put(storage, object);
}

/** Stages the removal itself, and that of a container which only waited for it. A container with content stays until that is gone. */
export function removeRecord(api: Api, storage: string, object: KubernetesObject): void {
  if (hasContent(api, storage, object.metadata.name)) {
    api.store.put(storage, object);
    return;
  }
  api.store.remove(storage, object);
  const { namespace } = object.metadata;
  if (namespace !== undefined) finishContainer(api, storageOf.namespaces, namespace);
  finishContainer(api, storageOf.definitions, storage);
}

function finishContainer(api: Api, storage: string, name: string): void {
  const record = api.store.get(storage, '', name);
  if (record === undefined || !isTerminating(record) || hasContent(api, storage, name)) return;
  const container = JSON.parse(record.json) as KubernetesObject;
  if ((container.metadata.finalizers ?? []).length === 0) removeRecord(api, storage, container);
}

function hasContent(api: Api, storage: string, name: string): boolean {
  if (storage === storageOf.definitions) return api.store.count(name) > 0;
  return storage === storageOf.namespaces && namespacedStorages(api).some((each) => api.store.count(each, name) > 0);
}

/** What has to go before a Namespace or a CustomResourceDefinition can. */
function contentOf(api: Api, storage: string, name: string): StoredRecord[] {
  if (storage === storageOf.definitions) return api.store.list(name);
  return storage === storageOf.namespaces ? namespacedStorages(api).flatMap((each) => api.store.list(each, name)) : [];
}

function namespacedStorages(api: Api): string[] {
  return api.registry.stored().flatMap(({ namespaced, storage }) => (namespaced ? [storage] : []));
}
