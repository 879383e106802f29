import { type Static, Type } from '@sinclair/typebox';

const Text = (description: string) => Type.String({ description });
const Time = (description: string) => Type.Optional(Type.String({ description: `${description} RFC 3339.` }));

/** A container as its status says it. What the application wrote itself (termination messages) is left away, and so is its specification. */
const ContainerStatus = Type.Object({
  name: Text('Name.'),
  type: Type.Union([Type.Literal('Container'), Type.Literal('Init'), Type.Literal('Ephemeral')]),
  containerID: Type.Optional(Text('RUNTIME://ID.')),
  state: Type.Union([Type.Literal('Waiting'), Type.Literal('Running'), Type.Literal('Terminated'), Type.Literal('Unknown')]),
  reason: Type.Optional(Text('Why it waits or has ended.')),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.Integer()),
  startedAt: Time('Of the state.'),
  finishedAt: Time('Of the state.'),
  ready: Type.Boolean(),
  restartCount: Type.Integer(),
});

const PodEvent = Type.Object({
  type: Text('Normal or Warning.'),
  reason: Text('Reason.'),
  message: Text('At most 512 characters; what looks like a credential is taken out.'),
  count: Type.Integer({ description: 'How often.' }),
  lastSeen: Type.Optional(Text('RFC 3339.')),
  source: Type.Optional(Text('Component.')),
});

/** What the collector gives. `gone`: everything but uid, namespace, name, gone, why and now is absent. */
export const PodFindings = Type.Object({
  namespace: Text('Namespace that was looked in.'),
  name: Text('Name that was looked for.'),
  uid: Text('UID that was looked for.'),
  now: Text('The API server’s clock after the look. RFC 3339, to the second.'),
  gone: Type.Boolean({
    description:
      'No Pod of this name has this UID. That alone does not say that a container of that UID is meant to be gone: namespace and name are the Abnormal’s word, and the containers of a static Pod have a UID that no Pod has.',
  }),
  why: Type.Optional(Text('gone: NoSuchPod, or OtherUid where the name is another Pod’s by now.')),
  nodeName: Type.Optional(Text('Its node.')),
  phase: Type.Optional(Text('Its phase.')),
  mirror: Type.Optional(Type.Boolean({ description: 'It shows a static Pod of the node: its UID is not the one that the node knows.' })),
  deletionTimestamp: Time('When it should have been gone: the grace period is contained.'),
  deletionGracePeriodSeconds: Type.Optional(Type.Integer({ description: 'Grace that the deletion gave.' })),
  finalizers: Type.Optional(Type.Array(Type.String(), { description: 'At most 32.' })),
  ownerReferences: Type.Optional(
    Type.Array(Type.Object({ kind: Type.String(), name: Type.String(), uid: Type.String(), controller: Type.Boolean() }), {
      description: 'At most 16.',
    }),
  ),
  containerStatuses: Type.Optional(Type.Array(ContainerStatus, { description: 'At most 64.' })),
  events: Type.Optional(Type.Array(PodEvent, { description: 'The newest 20 Events about it, the newest first.' })),
  eventsNotRead: Type.Optional(Text('Why Events are missing; the rest is there.')),
});
export type PodFindings = Static<typeof PodFindings>;
