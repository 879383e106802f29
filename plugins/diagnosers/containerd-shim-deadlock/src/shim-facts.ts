import { type Static, Type } from '@sinclair/typebox';

const Identity = Type.Object({
  bootId: Type.String(),
  pid: Type.Integer(),
  startTicks: Type.String(),
  exe: Type.Optional(Type.Object({ dev: Type.String(), ino: Type.String() })),
  containerId: Type.Optional(Type.String()),
});

const Pod = Type.Object({ uid: Type.String(), namespace: Type.Optional(Type.String()), name: Type.Optional(Type.String()) });
const Task = Type.Object({ id: Type.String(), bundle: Type.String(), init: Type.String(), pod: Type.Optional(Pod) });

const Shim = Type.Object({
  identity: Identity,
  exe: Type.String(),
  api: Type.String(),
  namespace: Type.String(),
  debug: Type.Boolean(),
  bundle: Type.Optional(Type.String()),
  log: Type.Object({ fifo: Type.Optional(Type.Object({ descriptor: Type.Integer(), path: Type.String() })) }),
  daemon: Type.Optional(Type.Object({ identity: Identity, exe: Type.String(), readsLog: Type.Boolean() })),
  tasks: Type.Array(Task),
});
export type ShimFacts = Static<typeof Shim>;

/** What is read of the collector `container`. */
export const ContainerFacts = Type.Object({ shims: Type.Array(Shim) });
