import { GROUP, NODE_LABEL, SCOPE_LABEL } from '../group.ts';
import { TRANSITIONS } from '../state-machine.ts';
import { type PolicyObjects, type PolicyRule, type PolicyUsers, exists, policyObjects, unchanged } from './policy.ts';

export type { PolicyObjects, PolicyUsers } from './policy.ts';

const NODE_CLAIM = 'authentication.kubernetes.io/node-name';
const is = (user: string) => `request.userInfo.username == '${user}'`;
const words = (list: readonly string[]) => `[${list.map((word) => `'${word}'`).join(', ')}]`;

/** CEL: conditions of one object, with or without RecoveryGranted. */
const granted = (object: string, which: '==' | '!=') =>
  `(${exists(`${object}.status.conditions`)}) ? ${object}.status.conditions.filter(c, c.type ${which} 'RecoveryGranted') : []`;

const masterReasons = [...new Set(TRANSITIONS.filter((row) => row.writer === 'master').flatMap((row) => row.reasons ?? []))];

/** The free object `parameters` is out of a CRD rule's sight (KEP-2876), so its immutability is held here. */
const parametersImmutable = (): PolicyRule => ({
  name: 'kdr-parameters-immutable',
  apiGroup: GROUP,
  resources: ['abnormals'],
  operations: ['UPDATE'],
  validations: [{ expression: unchanged('spec.parameters'), message: 'spec.parameters is immutable: create another Abnormal' }],
});

/** Recovery needs two keys: nobody but the master may write a grant. */
const grantByMaster = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-grant-by-master',
  apiGroup: GROUP,
  resources: ['abnormals/status'],
  operations: ['UPDATE'],
  when: `!(${is(users.master)})`,
  variables: { before: granted('oldObject', '=='), now: granted('object', '==') },
  validations: [
    { expression: unchanged('status.recovery.grant'), message: 'status.recovery.grant is written by the master only' },
    { expression: 'variables.before == variables.now', message: 'condition RecoveryGranted is written by the master only' },
  ],
});

/** The master decides whether a repair may run; what was found and done is the agent's word. */
const masterStatus = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-master-status',
  apiGroup: GROUP,
  resources: ['abnormals/status'],
  operations: ['UPDATE'],
  when: is(users.master),
  variables: {
    fails: `${exists('object.status.phase')} && ${exists('object.status.reason')} && object.status.phase == 'Failed' && object.status.reason in ${words(masterReasons)}`,
    before: granted('oldObject', '!='),
    now: granted('object', '!='),
  },
  validations: [
    ...[
      'status.information',
      'status.diagnosis',
      'status.diagnosisAttempts',
      'status.recovery.proposal',
      'status.recovery.attempts',
      'status.recovery.verification',
    ].map((path) => ({
      expression: unchanged(path),
      message: `${path} is the agent's: the master may not change it`,
    })),
    {
      expression: `variables.fails || (${unchanged('status.phase')})`,
      message: `the master may only fail an Abnormal, with one of ${masterReasons.join(', ')}`,
    },
    {
      expression: 'variables.fails || variables.before == variables.now',
      message: "the stages' conditions are the agent's: the master may not change them",
    },
  ],
});

/** An agent, and a source on a node, may write only Abnormals of its own node. */
const ownNode = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-own-node',
  apiGroup: GROUP,
  resources: ['abnormals', 'abnormals/status'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  when: [users.agent, ...(users.source === undefined ? [] : [users.source])].map(is).join(' || '),
  variables: {
    node: `${exists('request.userInfo.extra')} && '${NODE_CLAIM}' in request.userInfo.extra ? request.userInfo.extra['${NODE_CLAIM}'][0] : ''`,
  },
  validations: [
    { expression: "variables.node != ''", message: 'the token names no node: only a pod-bound token may write' },
    {
      expression: `request.operation == 'CREATE' || (${exists('oldObject.spec.nodeName')} && oldObject.spec.nodeName == variables.node)`,
      message: 'this Abnormal belongs to another node',
    },
    {
      expression: `request.operation == 'DELETE' || (${exists('object.spec.nodeName')} && object.spec.nodeName == variables.node)`,
      message: 'spec.nodeName must be the own node',
    },
  ],
});

/** CEL: one label of an object, '' without it. */
const labelOf = (object: string, label: string) =>
  `${exists(`${object}.metadata.labels`)} && '${label}' in ${object}.metadata.labels ? ${object}.metadata.labels['${label}'] : ''`;

/**
 * Agents may select their Abnormals by label. One that could be taken off or changed would hide an Abnormal from its agent in the middle of a repair,
 * or fill the cache of another one. Whoever creates an Abnormal may leave it out: the master sets it.
 */
const ownLabel = (): PolicyRule => ({
  name: 'kdr-node-label',
  apiGroup: GROUP,
  resources: ['abnormals'],
  operations: ['CREATE', 'UPDATE'],
  variables: {
    node: `${exists('object.spec.nodeName')} ? object.spec.nodeName : ''`,
    before: `oldObject != null && ${labelOf('oldObject', NODE_LABEL)}`,
    now: labelOf('object', NODE_LABEL),
  },
  validations: [
    {
      expression: 'variables.now == variables.before || variables.now == variables.node',
      message: `label ${NODE_LABEL} must say what spec.nodeName says, and stays: leave it to the master`,
    },
  ],
});

/** Where no agent of the own node lives, the master has another one ask the cluster's plugins only. Who takes that off would have it look at the wrong node. */
const scopeByMaster = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-scope-by-master',
  apiGroup: GROUP,
  resources: ['abnormals'],
  operations: ['UPDATE'],
  when: `!(${is(users.master)})`,
  variables: { before: labelOf('oldObject', SCOPE_LABEL), now: labelOf('object', SCOPE_LABEL) },
  validations: [{ expression: 'variables.now == variables.before', message: `label ${SCOPE_LABEL} is the master's: leave it as it is` }],
});

/** An agent says only of itself that it lives. */
const ownLease = (users: PolicyUsers): PolicyRule => ({
  name: 'kdr-own-lease',
  apiGroup: 'coordination.k8s.io',
  resources: ['leases'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  when: is(users.agent),
  validations: [
    {
      expression: `${exists('request.userInfo.extra')} && '${NODE_CLAIM}' in request.userInfo.extra && request.name == 'kdr-agent-' + request.userInfo.extra['${NODE_CLAIM}'][0]`,
      message: 'an agent may write only the Lease of its own node',
    },
  ],
});

/** A yes is said in one's own name. */
const ownApproval = (): PolicyRule => ({
  name: 'kdr-approver-is-requester',
  apiGroup: GROUP,
  resources: ['recoveryapprovals'],
  operations: ['CREATE'],
  validations: [
    { expression: 'object.spec.approver == request.userInfo.username', message: 'spec.approver must be the user who creates the approval' },
  ],
});

/** The admission policies that make the rules of docs/safety.md hold whoever asks; in a cluster and on the embedded server alike. */
export function admissionPolicies(users: PolicyUsers): PolicyObjects[] {
  return [
    ...[parametersImmutable(), grantByMaster(users), masterStatus(users)],
    ...[ownNode(users), ownLabel(), scopeByMaster(users), ownLease(users), ownApproval()],
  ].map(policyObjects);
}

type Operation = 'CREATE' | 'UPDATE' | 'DELETE';
const ALL: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE'];
const RECORD: readonly Operation[] = ['CREATE', 'UPDATE'];
const CHANGE: readonly Operation[] = ['UPDATE'];

/** What each component may write: group/resource, and the subresource where it is one. In a cluster RBAC holds it. */
const WRITES: Record<'master' | 'agent' | 'source', Record<string, readonly Operation[]>> = {
  master: {
    'kdr.dev/abnormals': CHANGE,
    'kdr.dev/abnormals/status': CHANGE,
    'kdr.dev/informationcollectors/status': CHANGE,
    'kdr.dev/diagnosers/status': CHANGE,
    'kdr.dev/recoverers/status': CHANGE,
    'kdr.dev/recoverypolicies/status': CHANGE,
    '/events': RECORD,
    'coordination.k8s.io/leases': RECORD,
  },
  agent: { 'kdr.dev/abnormals': ALL, 'kdr.dev/abnormals/status': CHANGE, '/events': RECORD, 'coordination.k8s.io/leases': RECORD },
  source: { 'kdr.dev/abnormals': ['CREATE'], '/events': RECORD },
};

/** For the embedded server, which has no RBAC: a component's token can write nothing but what its Role would allow in a cluster. */
export function embeddedRoles(users: Required<PolicyUsers>): PolicyObjects[] {
  return (Object.keys(WRITES) as (keyof typeof WRITES)[]).map((role) =>
    policyObjects({
      name: `kdr-role-${role}`,
      apiGroup: '*',
      resources: ['*', '*/*'],
      operations: [...ALL],
      when: is(users[role]),
      variables: {
        what: "request.resource.group + '/' + request.resource.resource + (has(request.subResource) ? '/' + request.subResource : '')",
      },
      validations: [
        {
          expression: `(request.operation + ' ' + variables.what) in ${words(
            Object.entries(WRITES[role]).flatMap(([what, operations]) => operations.map((operation) => `${operation} ${what}`)),
          )}`,
          message: `the ${role}'s role does not allow this`,
        },
      ],
    }),
  );
}
