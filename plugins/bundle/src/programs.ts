import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One of the bundle’s processes. */
export interface Program {
  name: string;
  /** Starts with this Node; the built file beside the built bundle, the source beside its source. */
  file: string;
  args: string[];
}

function program(name: string, group: string): Program {
  return {
    name: `${name} ${group}`,
    file: join(import.meta.dirname, `${name}${extname(fileURLToPath(import.meta.url))}`),
    args: ['--group', group],
  };
}

/** What one machine without a cluster runs of the plugins; each wants KDR_PLUGIN_DIR. */
export const NODE_PLUGINS: readonly Program[] = [program('kdr-plugins', 'node')];
/** What one machine without a cluster runs of the sources; each wants KDR_SERVER, KDR_TOKEN_FILE, KDR_CA_FILE and KDR_NODE_NAME. */
export const NODE_SOURCES: readonly Program[] = [program('kdr-sources', 'node')];
