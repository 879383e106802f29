import { type Static, Type } from '@sinclair/typebox';

const Text = (description: string) => Type.String({ description });
const Count = (description: string) => Type.Integer({ description, minimum: 0 });

/** One process of the surroundings. */
const Relative = Type.Object({
  pid: Count('Process id.'),
  ppid: Count('Its parent.'),
  startTicks: Text('Field 22 of /proc/PID/stat.'),
  comm: Text('Name, as the kernel keeps it.'),
  state: Text('State letter: R S D T t Z X I.'),
});
export type Relative = Static<typeof Relative>;

/** What the collector gives. All lists are bounded; the counts say how many there are. */
export const ProcessFindings = Type.Object({
  identity: Type.Object({
    bootId: Text('Boot of the machine.'),
    pid: Count('Process id.'),
    startTicks: Text('Field 22 of /proc/PID/stat.'),
    exe: Type.Optional(Type.Object({ dev: Text('Device.'), ino: Text('Inode.') })),
    containerId: Type.Optional(Text('Container that the cgroup names.')),
  }),
  comm: Text('Name, as the kernel keeps it: cut to 15 bytes.'),
  exe: Type.Optional(Text('Path of the program.')),
  argv: Type.Array(Text('Argument; values that look like secrets are taken out.'), { description: 'At most 64 arguments.' }),
  argvCut: Type.Boolean({ description: 'There are more arguments, or one was cut.' }),
  state: Text('State letter: R S D T t Z X I.'),
  ppid: Count('Parent.'),
  uid: Count('Effective user.'),
  ageSeconds: Type.Number({ description: 'Since it started.' }),
  rssKib: Type.Optional(Count('Resident memory.')),
  threads: Type.Object({
    count: Count('Threads.'),
    groups: Type.Array(
      Type.Object({ state: Text('State letter.'), waitsIn: Type.Optional(Text('Kernel function.')), count: Count('Threads like that.') }),
      { description: 'Threads by what they do, the most frequent first.' },
    ),
  }),
  cpu: Type.Object({
    seconds: Type.Number({ description: 'User and system, at the second look.' }),
    usedBetweenLooks: Type.Number({ description: 'Seconds used between the looks.' }),
    lookSeconds: Type.Number({ description: 'Time between the looks.' }),
  }),
  catchesSigusr1: Type.Boolean({ description: 'SigCgt has SIGUSR1: without a handler that signal ends it.' }),
  fds: Type.Record(Type.String(), Type.String(), { description: 'Where descriptors 0 to 2 lead.' }),
  container: Type.Optional(
    Type.Object({
      runtime: Text('Runtime that the cgroup names.'),
      id: Type.Optional(Text('Id.')),
      namespace: Type.Optional(Text('Namespace of the runtime.')),
      podUid: Type.Optional(Text('UID of the pod.')),
    }),
  ),
  ancestors: Type.Array(Relative, { description: 'Parent first, up to pid 1.' }),
  children: Type.Array(Relative, { description: 'Down to the depth that was asked; without zombies.' }),
  childCount: Count('Direct children, zombies too.'),
  zombies: Type.Array(Relative, { description: 'Direct children that have ended and were not reaped, the oldest first.' }),
  zombieCount: Count('All of these.'),
  descendantCount: Count('All below.'),
  unreadable: Type.Array(Text('What, and why.'), { description: 'What the kernel did not let this user see.' }),
});
export type ProcessFindings = Static<typeof ProcessFindings>;
