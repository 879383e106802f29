import { type Static, Type } from '@sinclair/typebox';
import { FreeObject, Int, ObjectName, OneOf, Text, WordSet } from '../primitives.ts';
import { Match } from '../kinds/registration.ts';
import { PROTOCOL, Role } from './envelope.ts';

/** A collector that a diagnoser or recoverer uses. */
export const Need = Type.Object({
  collector: ObjectName('Name of the collector.'),
  required: Type.Boolean({ description: 'Without it this plugin is passed over.', default: true }),
});
export type Need = Static<typeof Need>;

/** What a diagnosis does to its target besides looking. */
export const Intrusive = OneOf(
  ['Signal', 'StopTheWorld', 'Trace'],
  'Signal: sends a signal. StopTheWorld: stops the process for a moment. Trace: attaches to it.',
);
export type Intrusive = Static<typeof Intrusive>;

/** `GET /v1/manifest`: what a plugin says of itself. A registration is made from it. */
export const Manifest = Type.Object(
  {
    name: ObjectName('Name: of the registration and of the socket.'),
    role: Role,
    version: Text('Version of the plugin.', 64),
    protocols: Type.Array(Type.String({ maxLength: 16 }), { minItems: 1, maxItems: 8, description: `Protocol versions: ["${PROTOCOL}"].` }),
    description: Type.Optional(Text('One line.', 256)),
    match: Type.Optional(Match),
    priority: Type.Optional(Int('Higher is asked first.', { minimum: 0, maximum: 1_000_000 })),
    scope: OneOf(['node', 'cluster'], 'Where it must run.', { default: 'node' }),
    timeoutSeconds: Type.Optional(Int('How long one call may take.', { minimum: 1, maximum: 300 })),
    parameters: Type.Optional(FreeObject('JSON Schema of its parameters.')),
    findings: Type.Optional(FreeObject('JSON Schema of its data.')),
    needs: Type.Array(Need, { maxItems: 16, default: [], description: 'Collectors that it uses.' }),
    intrusive: Type.Array(Intrusive, { maxItems: 3, default: [], description: 'What looking does to the target.' }),
    privileges: WordSet('What it needs of the node: root, hostPID, CAP_KILL, …', 16, 64),
    level: Type.Optional(OneOf(['process', 'container', 'pod', 'unit', 'node', 'workload'], 'Recoverer: what it acts on.')),
    reversible: Type.Optional(Type.Boolean({ description: 'Recoverer: whether it can be undone.' })),
  },
  { description: 'What a plugin says of itself.' },
);
export type Manifest = Static<typeof Manifest>;
