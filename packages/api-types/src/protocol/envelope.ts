import { type Static, Type } from '@sinclair/typebox';
import { Diagnosis } from '../kinds/abnormal-status.ts';
import { AbnormalSpec } from '../kinds/abnormal-spec.ts';
import { FreeObject, Int, OneOf, Text, Time } from '../primitives.ts';

/** The one protocol version. */
export const PROTOCOL = 'v1';

/** Limits that both sides hold; a side that meets more says so with a coded reason and goes on. */
export const LIMITS = {
  /** Bytes of one request. */
  requestBytes: 1024 * 1024,
  /** Bytes of one answer (api.md). */
  answerBytes: 256 * 1024,
  /** Bytes of one artifact. */
  artifactBytes: 64 * 1024 * 1024,
  /** Bytes of one collector's `data` in the Abnormal's status; more stays in the node's store. */
  statusDataBytes: 4 * 1024,
  /** Bytes of all `information` in the status. */
  statusInformationBytes: 64 * 1024,
  /** Bytes of `spec.parameters`. */
  parametersBytes: 16 * 1024,
} as const;

/** A large result, left with the plugin until the agent has pulled it (`GET /v1/artifacts/{id}`). */
export const Artifact = Type.Object(
  {
    id: Type.String({ description: 'Chosen by the plugin.', minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9._-]+$' }),
    mediaType: Text('Media type.', 128),
    size: Int('Bytes.', { minimum: 0, maximum: LIMITS.artifactBytes }),
    sha256: Type.String({ description: 'Hex digest of the bytes.', pattern: '^[0-9a-f]{64}$', maxLength: 64 }),
  },
  { description: 'A large result.' },
);
export type Artifact = Static<typeof Artifact>;

/** What a collector said, as it is passed on to diagnosers and recoverers. */
export const CollectedInformation = Type.Object({
  summary: Text('One line for people.'),
  data: FreeObject('The facts.'),
  collectedAt: Time('When.'),
});
export type CollectedInformation = Static<typeof CollectedInformation>;

/** Where a plugin on the node may ask back: the agent's own socket, and a token for this Abnormal and call. */
export const Callback = Type.Object({
  socket: Text('Path of the agent’s unix socket.', 107),
  token: Text('Bearer token, valid until the call ends.', 128),
});
export type Callback = Static<typeof Callback>;

/** What every call carries. */
export const Envelope = Type.Object({
  protocol: Type.Literal(PROTOCOL),
  requestId: Type.String({
    description: 'Idempotency key: the same id twice has the effect of once, and answers the same.',
    minLength: 1,
    maxLength: 128,
  }),
  attempt: Int('1 for the first try of this requestId.', { minimum: 1 }),
  deadline: Time('The caller does not wait any longer.'),
  node: Type.Object({ name: Text('Name of the node.', 253), bootId: Text('Boot id of the node.', 64) }),
  abnormal: Type.Object({ namespace: Text('Namespace.', 63), name: Text('Name.', 253), uid: Text('UID.', 64), spec: AbnormalSpec }),
  information: Type.Record(Type.String(), CollectedInformation, { description: 'What was collected so far, by collector.' }),
  diagnosis: Type.Optional(Diagnosis),
  parameters: FreeObject('Parameters of the registration, over them those of the Abnormal.'),
  callback: Type.Optional(Callback),
});
export type Envelope = Static<typeof Envelope>;

/** Answers that every role may give. */
export const Failed = Type.Object(
  {
    outcome: Type.Literal('Failed'),
    reason: Text('What happened and what to do next.'),
    retryable: Type.Boolean({ description: 'Whether trying again may help.' }),
  },
  { description: 'The plugin could not do its work.' },
);
export type Failed = Static<typeof Failed>;

export const NotApplicable = Type.Object(
  { outcome: Type.Literal('NotApplicable'), reason: Text('Why this is not for this plugin.') },
  { description: 'Not mine: the next in the chain is asked.' },
);
export type NotApplicable = Static<typeof NotApplicable>;

/** RFC 9457: how a plugin reports that the call itself was wrong or that it broke. */
export const Problem = Type.Object(
  {
    type: Type.Optional(Text('URI of the kind of problem.', 256)),
    title: Text('Short.', 256),
    status: Int('HTTP status.', { minimum: 400, maximum: 599 }),
    detail: Type.Optional(Text('What happened.', 4096)),
    code: Type.Optional(Text('KDR_… code.', 64)),
  },
  { description: 'application/problem+json' },
);
export type Problem = Static<typeof Problem>;

export const Role = OneOf(['collector', 'diagnoser', 'recoverer'], 'What the plugin does.');
export type Role = Static<typeof Role>;
