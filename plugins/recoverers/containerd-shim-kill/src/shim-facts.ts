import { type Static, Type } from '@sinclair/typebox';

const Identity = Type.Object({
  bootId: Type.String(),
  pid: Type.Integer(),
  startTicks: Type.String(),
  exe: Type.Optional(Type.Object({ dev: Type.String(), ino: Type.String() })),
  containerId: Type.Optional(Type.String()),
});

/** One container that the shim serves. */
export const Task = Type.Object({
  id: Type.String(),
  bundle: Type.String(),
  init: Type.String(),
  initIdentity: Type.Optional(Identity),
  pod: Type.Optional(Type.Object({ uid: Type.String() })),
});
export type Task = Static<typeof Task>;

/** What is read of the collector `container`. */
export const ContainerFacts = Type.Object({
  shims: Type.Array(
    Type.Object({
      identity: Identity,
      exe: Type.String(),
      api: Type.String(),
      tasks: Type.Array(Task),
      daemon: Type.Optional(Type.Object({ identity: Identity })),
    }),
  ),
});
export type ShimFacts = Static<typeof ContainerFacts>['shims'][number];
