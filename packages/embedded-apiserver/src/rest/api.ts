import type { KubernetesObject } from '../api/object.ts';
import type { PolicyAdmission } from '../admission/policy-admission.ts';
import type { UserInfo } from '../identity.ts';
import type { ResourceDefinition } from '../resources/resource-definition.ts';
import type { ResourceRegistry } from '../resources/resource-registry.ts';
import type { FieldValidation } from '../schema/resource-schema.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** What every REST operation works on. */
export interface Api {
  store: ObjectStore;
  registry: ResourceRegistry;
  /** The policies in force; undefined while there is none, so that writes need not be shown to anybody. */
  admission: PolicyAdmission | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** One request for objects of a resource, understood. */
export interface ResourceRequest {
  definition: ResourceDefinition;
  /** Given for a namespaced resource, except when a list or watch covers all namespaces. */
  namespace: string | undefined;
  name: string | undefined;
  subresource: 'status' | undefined;
  user: UserInfo;
  query: URLSearchParams;
  dryRun: boolean;
  fieldValidation: FieldValidation;
  /** Sent to the client as Warning headers. */
  warnings: string[];
}

/** What a request for one object answers: its JSON in the stored shape. */
export interface ObjectAnswer {
  code: 200 | 201;
  json: string;
}

/** A stored object in the shape of the requested version. */
export function inVersion(definition: ResourceDefinition, object: KubernetesObject): KubernetesObject {
  return definition.convert ? definition.convert.fromStored(object) : object;
}
