import { type Static, Type } from '@sinclair/typebox';
import { type KdrObject, type KindDefinition, Conditions } from '../meta.ts';
import { CelExpression, FreeObject, Int, ListMap, ObjectName, OneOf, Text, WordSet, rules } from '../primitives.ts';
import { SourceType } from './abnormal-spec.ts';

/** Which Abnormals a plugin is for. Everything that is given must hold; an empty match takes all. */
export const Match = Type.Object(
  {
    sources: Type.Optional(Type.Array(SourceType, { maxItems: 8, description: 'Any of these sources.' })),
    faults: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9*?]+$' }), {
        maxItems: 64,
        description: 'Any of these faults; `*` and `?` are wildcards.',
      }),
    ),
    expression: Type.Optional(CelExpression('CEL over `abnormal` (metadata, spec) that must be true.')),
  },
  { description: 'Which Abnormals it is for.' },
);
export type Match = Static<typeof Match>;

/** Where a plugin listens: exactly one of three. */
export const Endpoint = Type.Object(
  {
    local: Type.Optional(
      Type.Object(
        {
          socket: Type.String({
            description: 'Absolute path of a unix socket on the agent’s node.',
            maxLength: 107,
            pattern: '^/[^\\x00]+$',
          }),
        },
        { description: 'A unix socket on the agent’s node.' },
      ),
    ),
    service: Type.Optional(
      Type.Object(
        {
          namespace: ObjectName('Namespace.'),
          name: ObjectName('Name.'),
          port: Int('Port.', { minimum: 1, maximum: 65535 }),
          caBundle: Type.Optional(Text('PEM certificates that the endpoint’s certificate must chain to.', 65536)),
        },
        { description: 'A Service in the cluster, TLS.' },
      ),
    ),
    url: Type.Optional(
      Type.Object(
        {
          url: Type.String({ description: 'https URL.', maxLength: 1024, pattern: '^https://[^\\s]+$' }),
          caBundle: Type.Optional(Text('PEM certificates.', 65536)),
        },
        { description: 'Anywhere, TLS.' },
      ),
    ),
  },
  {
    description: 'Where it listens: exactly one of local, service, url.',
    ...rules({
      rule: '[has(self.local), has(self.service), has(self.url)].filter(x, x).size() == 1',
      message: 'exactly one of local, service, url is required',
    }),
  },
);
export type Endpoint = Static<typeof Endpoint>;

const common = {
  priority: Type.Optional(
    Int('Higher is asked first, as with PriorityClasses; then by name.', { minimum: 0, maximum: 1_000_000, default: 100 }),
  ),
  match: Type.Optional(Match),
  endpoint: Endpoint,
  timeoutSeconds: Type.Optional(Int('How long one call may take.', { minimum: 1, maximum: 300 })),
  concurrency: Type.Optional(Int('Calls at once per agent.', { minimum: 1, maximum: 64, default: 4 })),
  scope: Type.Optional(
    OneOf(['node', 'cluster'], 'node: for Abnormals of its agent’s node. cluster: also for those without a node of their own.', {
      default: 'node',
    }),
  ),
  parameters: Type.Optional(
    FreeObject('Parameters for every call; an Abnormal’s own stand above them, but for collectors, which do not get those.'),
  ),
};

export const RegistrationSpec = Type.Object(common, { description: 'How a plugin is found and where it listens.' });
export type RegistrationSpec = Static<typeof RegistrationSpec>;

export const RecovererSpec = Type.Object(
  {
    ...common,
    level: Type.Optional(OneOf(['process', 'container', 'pod', 'unit', 'node', 'workload'], 'What it acts on.')),
    cost: Type.Optional(Int('Cheaper is better; for people.', { minimum: 0, maximum: 1000 })),
    reversible: Type.Optional(Type.Boolean({ description: 'Whether it can be undone.', default: false })),
    requiredEvidence: Type.Optional(WordSet('Artifacts or facts that must be stored before it acts.', 16, 128)),
  },
  { description: 'How a recoverer is found, and what it does.' },
);
export type RecovererSpec = Static<typeof RecovererSpec>;

export const RegistrationStatus = Type.Object(
  {
    conditions: Type.Optional(Conditions),
    nodesReady: Type.Optional(Int('Agents that find it ready.', { minimum: 0 })),
    nodesTotal: Type.Optional(Int('Agents alive.', { minimum: 0 })),
    version: Type.Optional(Text('Version that it says of itself.', 64)),
    lastError: Type.Optional(Text('What the last failing probe said.')),
    nodes: Type.Optional(
      ListMap(Type.Object({ name: Text('Node.', 253), ready: Type.Boolean(), message: Type.Optional(Text('Why not.', 256)) }), ['name'], {
        maxItems: 32,
        description: 'The nodes where it is not ready; the first 32.',
      }),
    ),
  },
  { description: 'Its current state, written by the master.' },
);
export type RegistrationStatus = Static<typeof RegistrationStatus>;

/** What an agent publishes on its Lease for each local registration that it probes. */
export interface ReadyPlugin {
  kind: 'InformationCollector' | 'Diagnoser' | 'Recoverer';
  name: string;
  ready: boolean;
  version?: string;
  message?: string;
}

export type InformationCollector = KdrObject<RegistrationSpec, RegistrationStatus>;
export type Diagnoser = KdrObject<RegistrationSpec, RegistrationStatus>;
export type Recoverer = KdrObject<RecovererSpec, RegistrationStatus>;
export type Registration = InformationCollector | Diagnoser | Recoverer;

const printerColumns: KindDefinition['printerColumns'] = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Nodes', type: 'integer', jsonPath: '.status.nodesReady' },
  { name: 'Of', type: 'integer', jsonPath: '.status.nodesTotal' },
  { name: 'Priority', type: 'integer', jsonPath: '.spec.priority' },
  { name: 'Version', type: 'string', jsonPath: '.status.version' },
  { name: 'Socket', type: 'string', jsonPath: '.spec.endpoint.local.socket', priority: 1 },
  { name: 'Error', type: 'string', jsonPath: '.status.lastError', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function registration(kind: string, plural: string, short: string, description: string, spec: KindDefinition['spec']): KindDefinition {
  return { kind, plural, shortNames: [short], scope: 'Cluster', description, spec, status: RegistrationStatus, printerColumns };
}

export const INFORMATION_COLLECTOR = registration(
  'InformationCollector',
  'informationcollectors',
  'ic',
  'A registered collector.',
  RegistrationSpec,
);
export const DIAGNOSER = registration('Diagnoser', 'diagnosers', 'diag', 'A registered diagnoser.', RegistrationSpec);
export const RECOVERER = registration(
  'Recoverer',
  'recoverers',
  'rcv',
  'A registered recoverer: level, cost, reversible, what evidence it requires.',
  RecovererSpec,
);
