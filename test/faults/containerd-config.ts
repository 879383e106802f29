import type { FaultDirectory } from './fault-directory.ts';

/** What a containerd of this folder can be told. */
export interface ContainerdOptions {
  /** Absolute path of a v1 shim (`buildShim({ api: 'v1' })`), for containers of the runtime v1. */
  readonly shim?: string;
  /** `shim_debug` of the runtime v1: without it a v1.2.0 shim's stderr is /dev/null and its goroutine dump is lost. Default true. */
  readonly debug?: boolean;
}

// No CRI (it would want a CNI set-up), and no snapshotters that only warn where their filesystem is absent.
const DISABLED = ['grpc.v1.cri', 'snapshotter.v1.aufs', 'snapshotter.v1.btrfs', 'snapshotter.v1.devmapper', 'snapshotter.v1.zfs'];

/** containerd's configuration file, version 2 (containerd 1.3 to 2.x; the runtime v1 part up to 1.7). */
export function containerdConfig(at: FaultDirectory, { shim, debug = true }: ContainerdOptions): string {
  const text = (value: string) => JSON.stringify(value);
  const lines = [
    'version = 2',
    `root = ${text(at.root)}`,
    `state = ${text(at.state)}`,
    // Also where containerd writes containerd.PID.stacks.log on SIGUSR1.
    `temp = ${text(`${at.directory}/tmp`)}`,
    `disabled_plugins = [${DISABLED.map((name) => text(`io.containerd.${name}`)).join(', ')}]`,
    '[grpc]',
    `address = ${text(at.socket)}`,
    '[debug]',
    'level = "info"',
  ];
  if (shim !== undefined)
    lines.push('[plugins."io.containerd.runtime.v1.linux"]', `shim = ${text(shim)}`, 'runtime = "runc"', `shim_debug = ${debug}`);
  return `${lines.join('\n')}\n`;
}
