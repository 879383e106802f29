import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

/** One of the bundle’s processes. */
export interface Program {
  name: string;
  /** Starts with this Node. */
  file: string;
  args: string[];
  /** Names of the plugins that it serves: so that whoever starts it knows, without loading them, when all of them are there. */
  plugins: readonly string[];
}

/** The built files, or the sources where this is one. Asked for by name: a program into which this is bundled lies elsewhere. */
function directory(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('@kdr/bundle/package.json'));
  return join(folder, extname(import.meta.filename) === '.ts' ? 'src' : 'dist');
}

function program(name: string, group: string, plugins: readonly string[] = []): Program {
  return {
    plugins,
    name: `${name} ${group}`,
    file: join(directory(), `${name}${extname(import.meta.filename)}`),
    args: ['--group', group],
  };
}

/**
 * What one machine without a cluster runs of the plugins; each wants KDR_PLUGIN_DIR.
 * @throws Error with the code MODULE_NOT_FOUND where this package is not installed: in an image, which holds `kdr` as one file.
 */
export function nodePlugins(): Program[] {
  return [
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
}
