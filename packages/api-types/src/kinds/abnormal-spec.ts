import { type Static, Type } from '@sinclair/typebox';
import { FreeObject, Int, ObjectName, OneOf, Text, Time, Word, rules } from '../primitives.ts';

/** Where the signal came from. */
export const SourceType = OneOf(
  ['PrometheusAlert', 'KubernetesEvent', 'ObjectCondition', 'NodeLog', 'Schedule', 'Custom'],
  'Where the signal came from. Custom: anybody’s `kubectl create`, or a source of one’s own.',
);
export type SourceType = Static<typeof SourceType>;

export const PodReference = Type.Object(
  {
    namespace: Type.String({
      description: 'Namespace of the pod.',
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    }),
    name: ObjectName('Name of the pod.'),
    uid: Type.Optional(Text('UID: without it, whatever pod has that name now.', 64)),
    container: Type.Optional(Text('Name of the container in the pod.', 63)),
  },
  { description: 'The pod that is affected.' },
);
export const ContainerReference = Type.Object(
  {
    runtime: OneOf(['containerd', 'docker', 'cri-o'], 'Container runtime.'),
    namespace: Type.Optional(Text('Namespace of the runtime: k8s.io, moby, default.', 128)),
    id: Type.String({ description: 'Id of the container.', minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' }),
  },
  { description: 'The container that is affected.' },
);
export const ProcessReference = Type.Object(
  {
    pid: Int('Process id on the node.', { minimum: 2, maximum: 4194304 }),
    startTicks: Type.Optional(Type.String({ description: 'Field 22 of /proc/PID/stat.', maxLength: 20, pattern: '^[0-9]{1,20}$' })),
    bootId: Type.Optional(Text('Boot id of the node.', 64)),
  },
  { description: 'The process that is affected. With startTicks and bootId no later process with the same pid is meant.' },
);
export const ObjectReference = Type.Object(
  {
    apiVersion: Type.Optional(Text('API version.', 128)),
    kind: Word('Kind.'),
    namespace: Type.Optional(Text('Namespace.', 63)),
    name: ObjectName('Name.'),
    uid: Type.Optional(Text('UID.', 64)),
  },
  { description: 'Any other object; a node fault names its Node.' },
);

const Assignment = Type.Object({
  name: ObjectName('Name of the collector.'),
  optional: Type.Optional(Type.Boolean({ description: 'The Abnormal goes on without it.', default: false })),
});
const Labels = (description: string) => Type.Record(Type.String(), Type.String({ maxLength: 1024 }), { description, maxProperties: 64 });

export const PrometheusAlert = Type.Object(
  {
    fingerprint: Type.Optional(Text('Fingerprint.', 64)),
    labels: Labels('Labels.'),
    annotations: Type.Optional(Labels('Annotations.')),
    startsAt: Type.Optional(Time('Start.')),
    generatorURL: Type.Optional(Text('Where it came from.', 2048)),
  },
  { description: 'The alert that was received.' },
);
export const KubernetesEventData = Type.Object(
  {
    reason: Text('Reason.', 128),
    message: Type.Optional(Text('Message.', 1024)),
    type: Type.Optional(Text('Normal or Warning.', 32)),
    reportingComponent: Type.Optional(Text('Reporter.', 253)),
    eventTime: Type.Optional(Time('When.')),
  },
  { description: 'The Event that was received.' },
);

const fields = {
  source: SourceType,
  fault: Word('The symptom, e.g. PodStuckTerminating; used for routing and metrics.'),
  nodeName: Type.Optional(
    Type.String({
      description: 'Node whose agent works on it. Empty: the master binds it, once.',
      maxLength: 253,
      pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$',
    }),
  ),
  podReference: Type.Optional(PodReference),
  containerReference: Type.Optional(ContainerReference),
  processReference: Type.Optional(ProcessReference),
  objectReference: Type.Optional(ObjectReference),
  prometheusAlert: Type.Optional(PrometheusAlert),
  kubernetesEvent: Type.Optional(KubernetesEventData),
  informationCollectors: Type.Optional(
    Type.Array(Assignment, { maxItems: 16, description: 'Collectors to run first, besides those that the diagnosers need.' }),
  ),
  diagnosers: Type.Optional(
    Type.Array(ObjectName('Name.'), {
      maxItems: 16,
      description: 'Diagnosers, asked in this order. Empty: every registered one that matches, by priority, then name.',
    }),
  ),
  recoverers: Type.Optional(
    Type.Array(ObjectName('Name.'), {
      maxItems: 16,
      description: 'Recoverers, asked in this order. Empty: every registered one that matches, by priority, then name.',
    }),
  ),
  parameters: Type.Optional(
    FreeObject('Parameters for plugins; 16 KiB at most. Immutable (held by an admission policy: CRD rules can’t see free objects).'),
  ),
  deadlineSeconds: Type.Optional(
    Int('Work that takes longer in all is Failed/TimedOut; waiting for a grant or a person does not count.', {
      minimum: 1,
      maximum: 86400,
    }),
  ),
  ttlSecondsAfterFinished: Type.Optional(Int('Deleted that long after it finished. Default 7 days.', { minimum: 0, maximum: 31_536_000 })),
  cancel: Type.Optional(Type.Boolean({ description: 'Set once to true to stop it before it acts.' })),
};

// nodeName and cancel have rules of their own; a CRD's CEL can't see into a free object, so parameters is held by the policy.
const immutable = Object.keys(fields).filter((name) => !['nodeName', 'cancel', 'parameters'].includes(name));

/** What an Abnormal says happened. Immutable but for `nodeName` (once, from empty) and `cancel` (once, to true). */
export const AbnormalSpec = Type.Object(fields, {
  description: 'What happened, where, and who shall look at it.',
  ...rules(
    {
      rule: 'has(self.podReference) || has(self.containerReference) || has(self.processReference) || has(self.objectReference)',
      message: 'a target is required: at least one of podReference, containerReference, processReference, objectReference',
    },
    ...immutable.map((name) => ({
      rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
      message: `${name} is immutable: create another Abnormal`,
      fieldPath: `.${name}`,
    })),
    {
      rule: "!has(oldSelf.nodeName) || oldSelf.nodeName == '' || (has(self.nodeName) && self.nodeName == oldSelf.nodeName)",
      message: 'nodeName may be set once, from empty, and never changed',
      fieldPath: '.nodeName',
    },
    {
      rule: '!has(oldSelf.cancel) || !oldSelf.cancel || (has(self.cancel) && self.cancel)',
      message: 'cancel can’t be taken back',
      fieldPath: '.cancel',
    },
    {
      rule: "self.source != 'PrometheusAlert' || has(self.prometheusAlert)",
      message: 'prometheusAlert is required for source PrometheusAlert',
      fieldPath: '.prometheusAlert',
    },
    {
      rule: "self.source != 'KubernetesEvent' || has(self.kubernetesEvent)",
      message: 'kubernetesEvent is required for source KubernetesEvent',
      fieldPath: '.kubernetesEvent',
    },
  ),
});
export type AbnormalSpec = Static<typeof AbnormalSpec>;
