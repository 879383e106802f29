import type { Plugin } from '@kdr/plugin-sdk';
import { plugin as container } from '@kdr/collector-container';
import { plugin as pod } from '@kdr/collector-pod';
import { plugin as process } from '@kdr/collector-process';
import { plugin as psi } from '@kdr/collector-psi';
import { plugin as shimDeadlock } from '@kdr/diagnoser-containerd-shim-deadlock';
import { plugin as unreapedChildren } from '@kdr/diagnoser-unreaped-children';
import { plugin as shimKill } from '@kdr/recoverer-containerd-shim-kill';
import { plugin as processKill } from '@kdr/recoverer-process-kill';

/**
 * The reference plugins, by the privileges that they need: one process per group, a socket per plugin.
 * `node`: root in the host's pid namespace, or as an ordinary user whatever that user may see and signal.
 * `cluster`: a ServiceAccount, once in the cluster, behind a TLS Service.
 */
export const PLUGIN_GROUPS: Readonly<Record<'node' | 'cluster', readonly Plugin[]>> = {
  node: [process, container, psi, shimDeadlock, unreapedChildren, shimKill, processKill],
  cluster: [pod],
};

/** A group of plugins: one process. */
export type PluginGroup = keyof typeof PLUGIN_GROUPS;

/**
 * What a process serves of a group.
 * @param recovery false: no recoverer, so that nothing is there that could act. They stand last in a group: without them no other's port moves.
 */
export function pluginsOf(group: PluginGroup, { recovery }: { recovery: boolean }): Plugin[] {
  return PLUGIN_GROUPS[group].filter(({ manifest }) => recovery || manifest.role !== 'recoverer');
}
