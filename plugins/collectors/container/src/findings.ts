import { type Static, Type } from '@sinclair/typebox';

const Text = (description: string) => Type.String({ description });
const Pid = (description: string) => Type.Integer({ description, minimum: 0 });

const Identity = Type.Object({
  bootId: Text('Boot of the machine.'),
  pid: Pid('Process id.'),
  startTicks: Text('Field 22 of /proc/PID/stat.'),
  exe: Type.Optional(Type.Object({ dev: Text('Device.'), ino: Text('Inode.') })),
  containerId: Type.Optional(Text('Container that the cgroup names.')),
});

const Pod = Type.Object({
  uid: Text('UID.'),
  namespace: Type.Optional(Text('Namespace; absent where only the cgroup names the pod.')),
  name: Type.Optional(Text('Name.')),
});

/**
 * Running: alive. Zombie: ended, not reaped. Exiting: ended, but the kernel keeps it until the last process of its pid namespace has been
 * reaped. Gone: no such child of the shim. Unknown: it can't be told.
 */
const INIT_STATES = ['Running', 'Zombie', 'Exiting', 'Gone', 'Unknown'] as const;
export type InitState = (typeof INIT_STATES)[number];

export const Task = Type.Object({
  id: Text('Id of the container.'),
  namespace: Text('Namespace of the runtime.'),
  bundle: Text('Its directory, as the shim sees it.'),
  init: Type.Union(
    INIT_STATES.map((state) => Type.Literal(state)),
    { description: 'What became of its init.' },
  ),
  initIdentity: Type.Optional(Identity),
  sandbox: Type.Optional(Type.Boolean({ description: 'It is the sandbox of a pod.' })),
  sandboxId: Type.Optional(Text('Id of the sandbox of its pod.')),
  containerName: Type.Optional(Text('Name in the pod.')),
  pod: Type.Optional(Pod),
});
export type Task = Static<typeof Task>;

const Child = Type.Object({ pid: Pid('Process id.'), startTicks: Text('Field 22.'), comm: Text('Name.'), state: Text('State letter.') });

/** A process that reads what a shim logs, and where it passes it on. */
const Daemon = Type.Object({
  identity: Identity,
  exe: Text('Program.'),
  state: Text('State letter.'),
  stdout: Type.Optional(Text('Where descriptor 1 leads.')),
  stderr: Type.Optional(Text('Where descriptor 2 leads.')),
  readsLog: Type.Boolean({ description: 'It holds the other end of the shim’s log. Else: it serves the socket that the shim was given.' }),
});

export const Shim = Type.Object({
  identity: Identity,
  exe: Text('Program.'),
  api: Type.Union([Type.Literal('v1'), Type.Literal('v2')], { description: 'v1: one container each. v2: may serve a whole pod.' }),
  state: Text('State letter.'),
  namespace: Text('Namespace of the runtime.'),
  debug: Type.Boolean({ description: 'Started with -debug. A v1 shim without it logs to nobody.' }),
  bundle: Type.Optional(Text('Its working directory: the bundle of its first container.')),
  bundleDeleted: Type.Boolean({ description: 'That directory was removed.' }),
  log: Type.Object({
    stdout: Type.Optional(Text('Where descriptor 1 leads.')),
    stderr: Type.Optional(Text('Where descriptor 2 leads.')),
    fifo: Type.Optional(Type.Object({ descriptor: Pid('Its descriptor.'), path: Text('Its path.') })),
  }),
  daemon: Type.Optional(Daemon),
  tasks: Type.Array(Task, { description: 'Every container that it serves.' }),
  children: Type.Array(Child, { description: 'Its direct children that are no init of a task: runc, execs, zombies. At most 128.' }),
  childCount: Type.Integer({ description: 'All of these.' }),
});
export type Shim = Static<typeof Shim>;

/** What the collector gives. */
export const ContainerFindings = Type.Object({
  container: Type.Optional(
    Type.Object({
      runtime: Text('containerd, docker, cri-o, podman or unknown.'),
      id: Type.Optional(Text('Id.')),
      namespace: Type.Optional(Text('Namespace of the runtime.')),
      podUid: Type.Optional(Text('UID of the pod.')),
    }),
  ),
  shims: Type.Array(Shim, {
    description: 'The shims that serve what was asked about; several where each container of a pod has its own. At most 8.',
  }),
  shimCount: Type.Integer({ description: 'All of these.' }),
  unreadable: Type.Array(Text('What, and why.'), { description: 'What could not be seen. At most 32.' }),
});
export type ContainerFindings = Static<typeof ContainerFindings>;
