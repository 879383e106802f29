import { GROUP } from '../group.ts';
import { type PolicyObjects, type PolicyRule, type PolicyUsers, policyObjects } from './policy.ts';

const quoted = (list: readonly string[]) => `[${list.map((word) => `'${word}'`).join(', ')}]`;
const may = (check: string) => `authorizer.${check}.check('get').allowed()`;
/** dyn: the schema calls this field `__namespace__` (a reserved word of CEL), the object itself does not. */
const POD = 'dyn(object.spec.podReference)';
const OBJECT = 'dyn(object.spec.objectReference)';

/**
 * Whoever makes KDR look at something must be allowed to look at it: `get` on the pod; `get` on nodes/proxy for a container or a process that
 * is named by its id on the node, which may be anybody's; `get` on any other object, whose resource is guessed from its kind as
 * k8s.io/apimachinery does (meta.UnsafeGuessKindToResource). The same rules as the webhook's.
 */
const requesterMayTouch = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-requester-may-touch',
  apiGroup: GROUP,
  resources: ['abnormals'],
  operations: ['CREATE'],
  when: `!(request.userInfo.username in ${quoted(Object.values(users))})`,
  variables: {
    inNode:
      "has(object.spec.containerReference) ? 'spec.containerReference' : has(object.spec.processReference) ? 'spec.processReference' : ''",
    node: "has(object.spec.nodeName) ? object.spec.nodeName : ''",
    kind: "has(object.spec.objectReference) ? object.spec.objectReference.kind.lowerAscii() : ''",
    resource:
      "variables.kind.endsWith('s') ? variables.kind + 'es' : variables.kind.endsWith('y') ? variables.kind.substring(0, variables.kind.size() - 1) + 'ies' : variables.kind + 's'",
    group:
      "has(object.spec.objectReference) && has(object.spec.objectReference.apiVersion) && object.spec.objectReference.apiVersion.contains('/') ? object.spec.objectReference.apiVersion.split('/')[0] : ''",
    objectNamespace: `has(object.spec.objectReference) && 'namespace' in ${OBJECT} ? ${OBJECT}.namespace : ''`,
  },
  validations: [
    {
      expression: `!has(object.spec.podReference) || ${may(`group('').resource('pods').namespace(${POD}.namespace).name(${POD}.name)`)}`,
      message: 'spec.podReference: you may not get this pod, and so may not make KDR look at it',
    },
    {
      expression: `variables.inNode == '' || ${may("group('').resource('nodes').subresource('proxy').name(variables.node)")}`,
      message:
        'spec.processReference, spec.containerReference: it may be anybody’s on the node: you need get on nodes/proxy. Name the pod instead',
    },
    {
      expression: `variables.kind == '' || ${may('group(variables.group).resource(variables.resource).namespace(variables.objectNamespace).name(object.spec.objectReference.name)')}`,
      message: 'spec.objectReference: you may not get this object, and so may not make KDR look at it',
    },
  ],
});

/** An agent connects to a plugin's socket with its own rights: not to any socket of the node. */
const localSockets = (directories: readonly string[]): PolicyRule => ({
  name: 'kdr-local-sockets',
  apiGroup: GROUP,
  resources: ['informationcollectors', 'diagnosers', 'recoverers'],
  operations: ['CREATE', 'UPDATE'],
  validations: [
    {
      expression: `!has(object.spec.endpoint.local) || (!object.spec.endpoint.local.socket.contains('/../') && ${quoted(
        directories.map((directory) => `${directory}/`),
      )}.exists(d, object.spec.endpoint.local.socket.startsWith(d)))`,
      message: `spec.endpoint.local.socket: must lie under ${directories.join(' or ')}`,
    },
  ],
});

/**
 * Admission policies that need more than the embedded server has (the authorizer), or that hold in a cluster only. They make the webhook
 * unnecessary for everything that protects one user from another. Kubernetes ≥ 1.30.
 * @param socketDirectories where plugins' sockets may lie.
 */
export function clusterAdmissionPolicies(users: PolicyUsers, socketDirectories: readonly string[] = ['/run/kdr/plugins']): PolicyObjects[] {
  return [requesterMayTouch(users), localSockets(socketDirectories)].map(policyObjects);
}
