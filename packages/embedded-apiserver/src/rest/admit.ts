import type { KubernetesObject } from '../api/object.ts';
import { forbidden, qualifiedResource, StatusError } from '../api/status-error.ts';
import { storageOf } from '../resources/builtin-resources.ts';
import type { AdmissionRequest } from '../admission/admission-request.ts';
import type { StoredRecord } from '../storage/change-log.ts';
import type { Api, ResourceRequest } from './api.ts';
import { inVersion } from './api.ts';

/** The one group whose members policies do not confine: as in Kubernetes, they may change the policies themselves. */
const ADMINISTRATORS = 'system:masters';

/**
 * Shows a write to the admission policies. The policies' own objects are exempt from them (rules.IsExemptAdmissionConfigurationResource); in
 * Kubernetes RBAC guards these, and here, where policies are all that confines an identity, only administrators may write them.
 * @param object the object to be, in the stored shape. @param old the object that is. @throws StatusError with the policy's code and reason.
 */
export function admit(
  api: Api,
  request: ResourceRequest,
  operation: AdmissionRequest['operation'],
  object: KubernetesObject | undefined,
  old: KubernetesObject | undefined,
): void {
  const { definition } = request;
  const { metadata } = (object ?? old)!;
  if (definition.group === 'admissionregistration.k8s.io' && !request.user.groups.includes(ADMINISTRATORS)) {
    throw forbidden(definition, metadata.name, `only members of group ${ADMINISTRATORS} may write admission policies`);
  }
  if (api.admission === undefined) return;
  const { group, version, kind, plural } = definition;
  const namespaceObject = metadata.namespace === undefined ? undefined : api.store.get(storageOf.namespaces, '', metadata.namespace);
  const review = api.admission.review({
    operation,
    resource: { group, version, resource: plural },
    kind: { group, version, kind },
    name: metadata.name,
    userInfo: request.user,
    dryRun: request.dryRun,
    ...(request.subresource ? { subresource: request.subresource } : {}),
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(object ? { object: inVersion(definition, object) } : {}),
    ...(old ? { oldObject: inVersion(definition, old) } : {}),
    ...(namespaceObject ? { namespaceObject: JSON.parse(namespaceObject.json) as object } : {}),
  });
  if (review.allowed) {
    request.warnings.push(...review.warnings);
    return;
  }
  const refused = `ValidatingAdmissionPolicy '${review.policy}' with binding '${review.binding}' denied request: ${review.message}`;
  if (review.code === 403) throw forbidden(definition, metadata.name, refused, [{ message: refused }]);
  const message = `${qualifiedResource(definition)} ${JSON.stringify(metadata.name)} is forbidden: ${refused}`;
  throw new StatusError(review.code, review.reason, message, { name: metadata.name, group, kind: plural, causes: [{ message: refused }] });
}

/**
 * Refuses new content where none can be.
 * @throws StatusError 404 for a namespace that is not there, 403 for one, or a custom resource, that is being deleted.
 */
export function checkContainers(api: Api, { definition, namespace }: ResourceRequest, name: string): void {
  const container = namespace === undefined ? undefined : api.store.get(storageOf.namespaces, '', namespace);
  if (namespace !== undefined) {
    if (container === undefined) {
      throw new StatusError(404, 'NotFound', `namespaces ${JSON.stringify(namespace)} not found`, { name: namespace, kind: 'namespaces' });
    }
    if (isTerminating(container)) {
      const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(definition, name, why, [
        { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
      ]);
    }
  }
  const crd = api.store.get(storageOf.definitions, '', definition.storage);
  if (crd !== undefined && isTerminating(crd)) {
    throw forbidden(definition, name, 'its CustomResourceDefinition is being deleted');
  }
}

/** Whether a stored object is being deleted. */
export function isTerminating(record: StoredRecord): boolean {
  record.terminating ??=
    record.json.includes('"deletionTimestamp"') && (JSON.parse(record.json) as KubernetesObject).metadata.deletionTimestamp !== undefined;
  return record.terminating;
}
