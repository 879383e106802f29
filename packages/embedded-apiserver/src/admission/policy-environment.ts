import type { CelType, ObjectType } from '../cel/types.ts';
import { bool, dyn, int, list, map, object, string, timestamp } from '../cel/types.ts';
import type { AdmissionRequest } from './admission-request.ts';

/*
 * The variables of policy expressions and their types, as apiserver admission/plugin/cel/compile.go declares them:
 * object and oldObject are dyn, so that their fields are found only when there is an object.
 */

const groupVersionKind = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const groupVersionResource = object('kubernetes.GroupVersionResource', { group: string, version: string, resource: string });
const userInfo = object('kubernetes.UserInfo', {
  username: string,
  uid: string,
  groups: list(string),
  extra: map(string, list(string)),
});
const requestType = object('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: string,
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo,
  dryRun: bool,
  options: dyn,
});
const condition = object('kubernetes.NamespaceCondition', {
  status: string,
  type: string,
  lastTransitionTime: timestamp,
  message: string,
  reason: string,
});
const namespaceType = object('kubernetes.Namespace', {
  metadata: object('kubernetes.NamespaceMetadata', {
    name: string,
    generateName: string,
    namespace: string,
    labels: map(string, string),
    annotations: map(string, string),
    UID: string,
    creationTimestamp: timestamp,
    deletionGracePeriodSeconds: int,
    deletionTimestamp: timestamp,
    generation: int,
    resourceVersion: string,
    finalizers: list(string),
  }),
  spec: object('kubernetes.NamespaceSpec', { finalizers: list(string) }),
  status: object('kubernetes.NamespaceStatus', { conditions: list(condition), phase: string }),
});

/** The variables in the order in which {@link policyValues} gives their values; `variables` is last. */
export function policyVariables(variables: ObjectType): (readonly [string, CelType])[] {
  return [
    ['object', dyn],
    ['oldObject', dyn],
    ['request', requestType],
    ['namespaceObject', namespaceType],
    ['variables', variables],
  ];
}

/** The values of object, oldObject, request and namespaceObject for one request; absent ones are null. */
export function policyValues(request: AdmissionRequest): readonly unknown[] {
  const { kind, resource, name, namespace, operation, userInfo: user, subresource, dryRun } = request;
  const shown = {
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    name,
    operation,
    userInfo: definedMembers(user),
    dryRun: dryRun ?? false,
    ...(subresource === undefined || subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
  };
  return [request.object ?? null, request.oldObject ?? null, shown, request.namespaceObject ?? null];
}

// AdmissionRequest's JSON leaves out empty members (omitempty), which `has()` sees.
function definedMembers(user: AdmissionRequest['userInfo']): object {
  return {
    ...(user.username === '' ? {} : { username: user.username }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined || Object.keys(user.extra).length === 0 ? {} : { extra: user.extra }),
  };
}
