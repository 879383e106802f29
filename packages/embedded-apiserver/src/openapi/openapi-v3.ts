import { isObject, type JsonObject } from '../schema/json.ts';
import { objectMetaName, objectMetaSchema } from './object-meta.ts';

/** A resource of one group and version, for its OpenAPI document. */
export interface DocumentedResource {
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Its `openAPIV3Schema`. */
  schema: object;
}

const apiVersionDescription =
  'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values.';
const kindDescription =
  'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase.';
const fieldValidation = {
  name: 'fieldValidation',
  in: 'query',
  description: 'What to do with unknown fields: Ignore, Warn or Strict.',
  schema: { type: 'string', uniqueItems: true },
};

/**
 * The OpenAPI v3 document of a group and version: what `kubectl explain` reads (the schema of each kind, found by its
 * `x-kubernetes-group-version-kind` through the paths), and what tells `kubectl create` that the server validates fields
 * itself (the parameter `fieldValidation` of PATCH). Operations have no bodies or responses described.
 * @param group '' for the core group
 */
export function openApiV3Document(group: string, version: string, resources: readonly DocumentedResource[]): object {
  const paths: JsonObject = {};
  const schemas: JsonObject = { [objectMetaName]: objectMetaSchema };
  for (const resource of resources) {
    const gvk = { group, kind: resource.kind, version };
    schemas[componentName(group, version, resource.kind)] = documentedSchema(resource.schema, gvk);
    const collection = `${group === '' ? '/api' : `/apis/${group}`}/${version}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
    paths[collection] = operations(gvk, { get: 'list', post: 'post' });
    paths[`${collection}/{name}`] = operations(gvk, { get: 'get', put: 'put', patch: 'patch', delete: 'delete' });
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.34.0' }, paths, components: { schemas } };
}

function componentName(group: string, version: string, kind: string): string {
  const reversed = group === '' ? 'io.k8s.api.core' : group.split('.').reverse().join('.');
  return `${reversed}.${version}.${kind}`;
}

function operations(gvk: object, actions: Record<string, string>): JsonObject {
  const item: JsonObject = {};
  for (const [method, action] of Object.entries(actions)) {
    const writes = method === 'post' || method === 'put' || method === 'patch';
    item[method] = {
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': gvk,
      ...(writes ? { parameters: [fieldValidation] } : {}),
      responses: { '200': { description: 'OK' } },
    };
  }
  return item;
}

function documentedSchema(schema: object, gvk: object): object {
  const given = (schema as JsonObject)['properties'];
  const properties = isObject(given) ? given : {};
  return {
    ...schema,
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: apiVersionDescription },
      kind: { type: 'string', description: kindDescription },
      metadata: {
        description: "Standard object's metadata.",
        allOf: [{ $ref: `#/components/schemas/${objectMetaName}` }],
        default: {},
      },
    },
    'x-kubernetes-group-version-kind': [gvk],
  };
}
