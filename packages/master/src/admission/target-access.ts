import type { AbnormalSpec } from '@kdr/api-types';
import type { ResourceAccess } from '@kdr/controller-runtime';

/** A right that whoever creates an Abnormal must have, and the field that asks for it. */
export interface RequiredAccess {
  field: string;
  access: ResourceAccess;
}

/**
 * The rights that an Abnormal's targets ask of its creator: what KDR collects about a pod, its creator may read himself (`get` on the pod);
 * a container or process that is named by its id on the node may be anybody's, so it takes the right to reach into that node (`get` on
 * nodes/proxy, as for the kubelet's own API); any other object takes `get` on it. The same rules as policy kdr-requester-may-touch.
 */
export function requiredAccess(spec: AbnormalSpec): RequiredAccess[] {
  const { podReference: pod, objectReference: object, containerReference, processReference, nodeName } = spec;
  const inNode: ResourceAccess = {
    verb: 'get',
    group: '',
    resource: 'nodes',
    subresource: 'proxy',
    ...(nodeName ? { name: nodeName } : {}),
  };
  return [
    ...(pod === undefined
      ? []
      : [
          {
            field: 'spec.podReference',
            access: { verb: 'get', group: '', resource: 'pods', namespace: pod.namespace, name: pod.name },
          },
        ]),
    ...(containerReference === undefined ? [] : [{ field: 'spec.containerReference', access: inNode }]),
    ...(processReference === undefined ? [] : [{ field: 'spec.processReference', access: inNode }]),
    ...(object === undefined
      ? []
      : [
          {
            field: 'spec.objectReference',
            access: {
              verb: 'get',
              group: object.apiVersion?.includes('/') ? (object.apiVersion.split('/')[0] ?? '') : '',
              resource: resourceOfKind(object.kind),
              ...(object.namespace ? { namespace: object.namespace } : {}),
              name: object.name,
            },
          },
        ]),
  ];
}

/** The guess of k8s.io/apimachinery (meta.UnsafeGuessKindToResource). A wrong one asks for a right that nobody but an administrator has. */
function resourceOfKind(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower.endsWith('s')) return `${lower}es`;
  return lower.endsWith('y') ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}

/** `get nodes/proxy "n1"`, `get pods "p" in namespace "a"`. */
export function describeAccess({ verb, resource, subresource, group, namespace, name }: ResourceAccess): string {
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  return `${verb} ${what}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in namespace "${namespace}"`}`;
}
