/** A change that makes an object invalid: the field, its value (undefined: left out), and the field that the refusal names, if it is another. */
export type InvalidChange = readonly [field: string, value: unknown, named?: string];

/** A kind, a valid object's spec, and changes each of which the server must refuse. */
export interface InvalidKind {
  kind: string;
  spec: object;
  changes: readonly InvalidChange[];
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `d${index}`);
const unknown: InvalidChange = ['spec.colour', 'red', 'unknown field "spec.colour"'];
const registration: readonly InvalidChange[] = [
  ['spec.priority', -1],
  ['spec.priority', 1.5],
  ['spec.priority', 1_000_001],
  ['spec.match.sources', ['Nobody'], 'spec.match.sources[0]'],
  ['spec.match.faults', ['a fault'], 'spec.match.faults[0]'],
  ['spec.match.expression', ''],
  ['spec.endpoint', undefined],
  ['spec.endpoint', {}, 'spec.endpoint: '],
  ['spec.endpoint.url', { url: 'https://example.com' }, 'spec.endpoint: '],
  ['spec.endpoint.local', {}, 'spec.endpoint.local.socket'],
  ['spec.endpoint.local.socket', 'run/relative.sock'],
  ['spec.endpoint.local.socket', `/${'s'.repeat(107)}`],
  ['spec.endpoint', { url: { url: 'http://example.com' } }, 'spec.endpoint.url.url'],
  ['spec.endpoint', { service: { namespace: 'n', name: 's', port: 0 } }, 'spec.endpoint.service.port'],
  ['spec.endpoint', { service: { namespace: 'n', port: 1 } }, 'spec.endpoint.service.name'],
  ['spec.timeoutSeconds', 0],
  ['spec.timeoutSeconds', 301],
  ['spec.concurrency', 65],
  ['spec.scope', 'galaxy'],
  ['spec.parameters', 'none'],
  unknown,
];
const local = { endpoint: { local: { socket: '/run/kdr/plugins/x.sock' } } };

/** Every kind of KDR. */
export const INVALID: readonly InvalidKind[] = [
  {
    kind: 'Abnormal',
    spec: { source: 'Custom', fault: 'Broken', nodeName: 'n1', processReference: { pid: 4242 } },
    changes: [
      ['spec', undefined],
      ['spec.source', 'Nobody'],
      ['spec.source', undefined],
      ['spec.source', 'PrometheusAlert', 'spec.prometheusAlert'],
      ['spec.source', 'KubernetesEvent', 'spec.kubernetesEvent'],
      ['spec.fault', 'not one word'],
      ['spec.fault', ''],
      ['spec.fault', undefined],
      ['spec.nodeName', 'Has_Underscore'],
      ['spec.processReference', undefined, 'spec: '],
      ['spec.processReference.pid', 1],
      ['spec.processReference.pid', 'init'],
      ['spec.processReference', {}, 'spec.processReference.pid'],
      ['spec.processReference.startTicks', 'soon'],
      ['spec.podReference', { namespace: 'UPPER', name: 'p' }, 'spec.podReference.namespace'],
      ['spec.podReference', { namespace: 'n' }, 'spec.podReference.name'],
      ['spec.containerReference', { runtime: 'lxc', id: 'x' }, 'spec.containerReference.runtime'],
      ['spec.containerReference', { runtime: 'docker', id: '../x' }, 'spec.containerReference.id'],
      ['spec.objectReference', { kind: 'node', name: 'n1' }, 'spec.objectReference.kind'],
      ['spec.informationCollectors', [{ optional: true }], 'spec.informationCollectors[0].name'],
      ['spec.diagnosers', ['Bad Name'], 'spec.diagnosers[0]'],
      ['spec.diagnosers', names(17)],
      ['spec.recoverers', [5], 'spec.recoverers[0]'],
      ['spec.parameters', [1]],
      ['spec.deadlineSeconds', 0],
      ['spec.ttlSecondsAfterFinished', -1],
      ['spec.cancel', 'yes'],
      unknown,
    ],
  },
  { kind: 'InformationCollector', spec: local, changes: registration },
  { kind: 'Diagnoser', spec: local, changes: registration },
  {
    kind: 'Recoverer',
    spec: local,
    changes: [
      ...registration,
      ['spec.level', 'planet'],
      ['spec.cost', -1],
      ['spec.reversible', 'maybe'],
      ['spec.requiredEvidence', ['logs', 'logs'], 'spec.requiredEvidence[1]'],
      ['spec.requiredEvidence', [''], 'spec.requiredEvidence[0]'],
    ],
  },
  {
    kind: 'AbnormalSource',
    spec: { type: 'PrometheusAlert', matchers: [{ label: 'alertname', equals: 'Broken' }], template: { fault: 'Broken' } },
    changes: [
      ['spec.type', 'Carrier'],
      ['spec.type', 'Custom'],
      ['spec.type', undefined],
      ['spec.type', 'Schedule', 'spec.schedule'],
      ['spec.schedule', { cron: '0 3 * * *' }],
      ['spec.disabled', 'no'],
      ['spec.priority', -1],
      ['spec.matchers', undefined],
      ['spec.matchers', [{ label: 'a' }], 'spec.matchers[0]'],
      ['spec.matchers', [{ label: 'a', equals: 'b', matches: 'c' }], 'spec.matchers[0]'],
      ['spec.matchers', [{ equals: 'b' }], 'spec.matchers[0].label'],
      ['spec.forSeconds', -1],
      ['spec.suppressSeconds', 604_801],
      ['spec.onResolved', 'Shrug'],
      ['spec.template', undefined],
      ['spec.template.fault', 'two words'],
      ['spec.template.severity', 'bad'],
      ['spec.template.diagnosers', ['A_B'], 'spec.template.diagnosers[0]'],
      unknown,
    ],
  },
  {
    kind: 'RecoveryPolicy',
    spec: { mode: 'Approve' },
    changes: [
      ['spec.mode', 'Whatever'],
      ['spec.mode', undefined],
      ['spec', { mode: 'Auto', fallback: true }, 'spec.mode'],
      ['spec.match.namespaces', ['a b'], 'spec.match.namespaces[0]'],
      ['spec.match.nodes', 'n1'],
      ['spec.match.expression', ''],
      ['spec.match.targetExpression', 'x'.repeat(2049)],
      ['spec.intrusiveDiagnosis', 'Sometimes'],
      ['spec.permits', ['ForceKill', 'ForceKill'], 'spec.permits[1]'],
      ['spec.grantSeconds', 0],
      ['spec.approvalSeconds', 9],
      ['spec.soakSeconds', -1],
      ['spec.coolDownSeconds', 86_401],
      ['spec.loopBreaker.attempts', 0],
      ['spec.loopBreaker.windowSeconds', 604_801],
      unknown,
    ],
  },
  {
    kind: 'RecoveryApproval',
    spec: { abnormal: 'a', proposalId: 'p', decision: 'Approve', approver: 'admin' },
    changes: [
      ['spec.abnormal', undefined],
      ['spec.abnormal', 'Not A Name'],
      ['spec.abnormal', ''],
      ['spec.proposalId', undefined],
      ['spec.proposalId', ''],
      ['spec.proposalId', 'p'.repeat(129)],
      ['spec.decision', 'Perhaps'],
      ['spec.decision', undefined],
      ['spec.approver', ''],
      ['spec.approver', undefined],
      ['spec.reason', 'r'.repeat(1025)],
      ['spec.reason', 5],
      unknown,
    ],
  },
  {
    kind: 'RecoveryHold',
    spec: { scope: { all: true }, owner: 'me', reason: 'a freeze' },
    changes: [
      ['spec.scope', undefined],
      ['spec.scope', {}, 'spec.scope: '],
      ['spec.scope', { all: false }, 'spec.scope: '],
      ['spec.scope.node', 'n1', 'spec.scope: '],
      ['spec.scope', { namespace: 'a', node: 'n1' }, 'spec.scope: '],
      ['spec.scope', { node: 'A_B' }, 'spec.scope.node'],
      ['spec.scope', { object: { kind: 'pod', name: 'x' } }, 'spec.scope.object.kind'],
      ['spec.scope', { object: { kind: 'Pod' } }, 'spec.scope.object.name'],
      ['spec.owner', ''],
      ['spec.owner', undefined],
      ['spec.reason', ''],
      ['spec.reason', undefined],
      ['spec.expiresAt', 'tomorrow'],
      unknown,
    ],
  },
  {
    kind: 'DeadLetter',
    spec: { source: 'NodeLog', reason: 'TooLarge', receivedAt: '2026-11-24T06:00:00Z' },
    changes: [
      ['spec.source', 'Nobody'],
      ['spec.source', undefined],
      ['spec.reason', 'too large'],
      ['spec.reason', ''],
      ['spec.reason', undefined],
      ['spec.message', 'm'.repeat(2049)],
      ['spec.signal', 's'.repeat(16_385)],
      ['spec.signal', 7],
      ['spec.receivedAt', 'yesterday'],
      ['spec.receivedAt', 5],
      ['spec.receivedAt', undefined],
      unknown,
    ],
  },
];

/** The object with one field set, or left out. */
export function changed(object: object, field: string, value: unknown): object {
  const copy = structuredClone(object) as Record<string, unknown>;
  const steps = field.split('.');
  const last = steps.pop() ?? '';
  let at = copy;
  for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}
