import { type Static, Type } from '@sinclair/typebox';
import { Int, OneOf, Text } from './primitives.ts';

// Numbers of the kernel that may exceed 2^53 (start ticks, inodes) travel as decimal strings.
const Digits = (description: string) => Type.String({ description, pattern: '^[0-9]{1,20}$', maxLength: 20 });

/**
 * Which process is meant: pid, the moment it started (field 22 of /proc/PID/stat, proc_pid_stat(5)) and this boot. A pid alone is reused
 * by the kernel; these three together are not.
 */
export const ProcessIdentity = Type.Object(
  {
    bootId: Type.String({ description: '/proc/sys/kernel/random/boot_id', minLength: 1, maxLength: 64 }),
    pid: Int('Process id in the host’s pid namespace.', { minimum: 2, maximum: 4194304 }),
    startTicks: Digits('Field 22 of /proc/PID/stat: clock ticks from boot to start.'),
    exe: Type.Optional(
      Type.Object(
        { dev: Digits('Device of the executable.'), ino: Digits('Inode of the executable.') },
        { description: 'Absent where it cannot be read: zombies, kernel threads.' },
      ),
    ),
    containerId: Type.Optional(Text('Container that the cgroup names.', 128)),
  },
  { description: 'One process, told from any later one with the same pid.' },
);
export type ProcessIdentity = Static<typeof ProcessIdentity>;

export const ContainerIdentity = Type.Object(
  {
    runtime: Text('containerd, docker, cri-o.', 64),
    namespace: Type.Optional(Text('Namespace of the runtime: k8s.io, moby, default.', 128)),
    id: Text('Full id.', 128),
    attempt: Type.Optional(Int('Restart count, where Kubernetes runs it.', { minimum: 0 })),
  },
  { description: 'One container of one runtime.' },
);
export type ContainerIdentity = Static<typeof ContainerIdentity>;

export const PodIdentity = Type.Object(
  { namespace: Text('Namespace.', 63), name: Text('Name.', 253), uid: Text('UID.', 64) },
  { description: 'One pod, told from any later one with the same name.' },
);
export type PodIdentity = Static<typeof PodIdentity>;

export const NodeIdentity = Type.Object(
  { name: Type.Optional(Text('Name of the Node.', 253)), uid: Text('UID of the Node object.', 64), bootId: Text('Boot id.', 64) },
  { description: 'One node in one boot.' },
);
export type NodeIdentity = Static<typeof NodeIdentity>;

/** What a diagnosis is about and a recovery acts on. `kind` says which member is the target; the others are its surroundings. */
export const TargetIdentity = Type.Object(
  {
    kind: OneOf(['Process', 'Container', 'Pod', 'Node'], 'Which member is the target.'),
    process: Type.Optional(ProcessIdentity),
    container: Type.Optional(ContainerIdentity),
    pod: Type.Optional(PodIdentity),
    node: Type.Optional(NodeIdentity),
  },
  { description: 'The target, fenced by identity.' },
);
export type TargetIdentity = Static<typeof TargetIdentity>;

/**
 * The string by which two targets are the same: key of the agent's lock and of the master's cool-down.
 * Undefined where the member that `kind` names is missing.
 */
export function targetKey(target: TargetIdentity): string | undefined {
  switch (target.kind) {
    case 'Process':
      return target.process && `process/${target.process.bootId}/${target.process.pid}/${target.process.startTicks}`;
    case 'Container':
      return (
        target.container &&
        `container/${target.container.runtime}/${target.container.namespace ?? ''}/${target.container.id}/${target.container.attempt ?? ''}`
      );
    case 'Pod':
      return target.pod && `pod/${target.pod.uid}`;
    case 'Node':
      return target.node && `node/${target.node.uid}/${target.node.bootId}`;
  }
}

/** Whether two diagnoses speak of the same target. A target without its identity equals nothing, not even itself. */
export function sameTarget(a: TargetIdentity, b: TargetIdentity): boolean {
  const key = targetKey(a);
  return key !== undefined && key === targetKey(b);
}
