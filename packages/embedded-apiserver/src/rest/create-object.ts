import type { KubernetesObject } from '../api/object.ts';
import { invalid } from '../api/invalid-error.ts';
import { alreadyExists } from '../api/status-error.ts';
import { primeView } from '../selectors/selector.ts';
import { admit, checkContainers } from './admit.ts';
import type { Api, ObjectAnswer, ResourceRequest } from './api.ts';
import { checkMetadata, expectObject, initialiseMetadata } from './object-metadata.ts';

/** How often another name is tried when a generated one is taken, as kube-apiserver does (KEP-4420). */
const nameAttempts = 8;

/** POST: stages a new object. @throws StatusError for anything that is wrong with it or in its way. */
export function createObject(api: Api, request: ResourceRequest, body: unknown): ObjectAnswer {
  const { definition } = request;
  const wire = expectObject(body, request);
  checkContainers(api, request, wire.metadata.name ?? wire.metadata.generateName ?? '');
  nameObject(api, request, wire);
  const object = validateNew(request, wire);
  admit(api, request, 'CREATE', object, undefined);
  if (exists(api, request, object)) throw alreadyExists(definition, object.metadata.name);
  if (request.dryRun) return { code: 201, json: JSON.stringify(object) };
  const record = api.store.put(definition.storage, object);
  primeView(record, object, definition.selectableFields);
  return { code: 201, json: record.json };
}

function nameObject(api: Api, request: ResourceRequest, object: KubernetesObject): void {
  const generated = !object.metadata.name;
  for (let attempt = 0; attempt < nameAttempts; attempt += 1) {
    if (generated) object.metadata.name = '';
    initialiseMetadata(object, api.now(), request.definition.hasGeneration);
    if (!generated || !exists(api, request, object)) return;
  }
}

function exists(api: Api, { definition, namespace }: ResourceRequest, { metadata }: KubernetesObject): boolean {
  return api.store.get(definition.storage, namespace ?? '', metadata.name) !== undefined;
}

/** Defaulted, pruned and found valid, in the stored shape. */
function validateNew(request: ResourceRequest, wire: KubernetesObject): KubernetesObject {
  const { definition, fieldValidation } = request;
  if (definition.hasStatus && !definition.keepsStatusOnCreate) delete wire.status;
  definition.complete?.(wire, undefined);
  const prepared = definition.schema.prepare(wire, { fieldValidation });
  request.warnings.push(...prepared.warnings);
  const object = prepared.object as KubernetesObject;
  const errors = [...checkMetadata(wire), ...prepared.errors];
  if (errors.length === 0) errors.push(...(definition.validate?.(object, undefined) ?? []));
  if (errors.length > 0) throw invalid(definition, wire.metadata.name ?? '', errors);
  return definition.convert ? definition.convert.toStored(object) : object;
}
