import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One of the bundle’s processes. */
export interface Program {
  name: string;
  /** Starts with this Node; the built file beside the built bundle, the source beside its source. */
  file: string;
  args: string[];
  /** Names of the plugins that it serves: so that whoever starts it knows, without loading them, when all of them are there. */
  plugins: readonly string[];
}

function program(name: string, group: string, plugins: readonly string[] = []): Program {
  return {
    plugins,
    name: `${name} ${group}`,
    file: join(import.meta.dirname, `${name}${extname(fileURLToPath(import.meta.url))}`),
    args: ['--group', group],
  };
}

/** What one machine without a cluster runs of the plugins; each wants KDR_PLUGIN_DIR. */
export const NODE_PLUGINS: readonly Program[] = [
  program('kdr-plugins', 'node', [
    'process',
    'container',
    'psi',
    'containerd-shim-deadlock',
    'unreaped-children',
    'containerd-shim-kill',
    'process-kill',
  ]),
];
