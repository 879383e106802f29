import { type Static, Type } from '@sinclair/typebox';
import { type KdrObject, type KindDefinition, Conditions } from '../meta.ts';
import { CelExpression, FreeObject, Int, ObjectName, OneOf, Text, Time, Word, rules } from '../primitives.ts';

const Matcher = Type.Object(
  {
    label: Type.String({ description: 'Label or field of the signal.', minLength: 1, maxLength: 253 }),
    equals: Type.Optional(Text('Exact value.', 1024)),
    matches: Type.Optional(Type.String({ description: 'RE2, anchored at both ends.', minLength: 1, maxLength: 1024 })),
  },
  {
    description: 'One condition on the signal.',
    ...rules({ rule: 'has(self.equals) != has(self.matches)', message: 'exactly one of equals, matches is required' }),
  },
);

const Template = (description: string) =>
  Type.String({ description: `${description} May contain {{ labels.x }}; no code.`, maxLength: 1024 });

export const AbnormalSourceSpec = Type.Object(
  {
    type: OneOf(['PrometheusAlert', 'KubernetesEvent', 'ObjectCondition', 'NodeLog', 'Schedule'], 'What it listens to.'),
    disabled: Type.Optional(Type.Boolean({ description: 'Switched off.', default: false })),
    priority: Type.Optional(Int('Higher is tried first.', { minimum: 0, maximum: 1_000_000, default: 100 })),
    matchers: Type.Optional(Type.Array(Matcher, { maxItems: 32, description: 'All must hold.' })),
    expression: Type.Optional(CelExpression('CEL over `signal` that must be true.')),
    schedule: Type.Optional(
      Type.Object(
        {
          cron: Type.String({ minLength: 9, maxLength: 128, description: 'Five fields.' }),
          timeZone: Type.Optional(Text('IANA name.', 64)),
        },
        { description: 'For type Schedule.' },
      ),
    ),
    forSeconds: Type.Optional(Int('The signal must stand that long.', { minimum: 0, maximum: 86_400, default: 0 })),
    suppressSeconds: Type.Optional(
      Int('The same signal makes no second Abnormal for that long.', { minimum: 0, maximum: 604_800, default: 3600 }),
    ),
    onResolved: Type.Optional(OneOf(['Cancel', 'Note'], 'When the signal ends before anything acted.', { default: 'Cancel' })),
    template: Type.Object(
      {
        fault: Word('The symptom.'),
        severity: Type.Optional(OneOf(['critical', 'warning', 'info'], 'How bad.', { default: 'warning' })),
        nodeName: Type.Optional(Template('Node.')),
        podNamespace: Type.Optional(Template('Namespace of the pod.')),
        podName: Type.Optional(Template('Name of the pod.')),
        diagnosers: Type.Optional(Type.Array(ObjectName('Name.'), { maxItems: 16, description: 'Diagnosers to assign.' })),
        recoverers: Type.Optional(Type.Array(ObjectName('Name.'), { maxItems: 16, description: 'Recoverers to assign.' })),
        parameters: Type.Optional(FreeObject('Parameters for plugins.')),
      },
      { description: 'The Abnormal that is made.' },
    ),
  },
  {
    description: 'How a signal becomes an Abnormal.',
    ...rules(
      {
        rule: "(self.type == 'Schedule') == has(self.schedule)",
        message: 'schedule is for type Schedule, and required there',
        fieldPath: '.schedule',
      },
      {
        rule: "self.type == 'Schedule' || has(self.matchers) || has(self.expression)",
        message: 'matchers or expression is required: a source that matches everything is a mistake',
        fieldPath: '.matchers',
      },
    ),
  },
);
export type AbnormalSourceSpec = Static<typeof AbnormalSourceSpec>;

const Count = (description: string) => Type.Optional(Int(description, { minimum: 0 }));
export const AbnormalSourceStatus = Type.Object(
  {
    conditions: Type.Optional(Conditions),
    lastSeen: Type.Optional(Time('Last signal that matched.')),
    matched: Count('Signals that matched.'),
    created: Count('Abnormals made.'),
    suppressed: Count('Signals that made none, being repeats.'),
    lastError: Type.Optional(Text('What went wrong last.')),
  },
  { description: 'What it has seen.' },
);
export type AbnormalSourceStatus = Static<typeof AbnormalSourceStatus>;
export type AbnormalSource = KdrObject<AbnormalSourceSpec, AbnormalSourceStatus>;

export const ABNORMAL_SOURCE: KindDefinition<typeof AbnormalSourceSpec> = {
  kind: 'AbnormalSource',
  plural: 'abnormalsources',
  shortNames: ['src'],
  scope: 'Cluster',
  description:
    'How alerts, Events, object conditions, a schedule or node log lines become Abnormals. In this release only type KubernetesEvent about an agent’s own Node is listened to; the others are stored and validated.',
  spec: AbnormalSourceSpec,
  status: AbnormalSourceStatus,
  printerColumns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Fault', type: 'string', jsonPath: '.spec.template.fault' },
    { name: 'Created', type: 'integer', jsonPath: '.status.created' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
};
