import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What this folder takes from the environment. */
export interface ClusterConfig {
  /** Where built programs and images are kept between runs: `$XDG_CACHE_HOME/kdr/cluster`, else `~/.cache/kdr/cluster`. */
  readonly cacheDirectory: string;
  /** Where the directories of running clusters are made. */
  readonly temporaryDirectory: string;
  /** What `pnpm cluster shell` opens. */
  readonly shell: string;
  readonly path: string;
}

/** Reads the environment. A relative XDG_CACHE_HOME is ignored, as the XDG base directory specification asks. */
export function readClusterConfig(environment: NodeJS.ProcessEnv = process.env): ClusterConfig {
  const xdg = environment['XDG_CACHE_HOME'];
  const cache = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache');
  return {
    cacheDirectory: join(cache, 'kdr', 'cluster'),
    temporaryDirectory: tmpdir(),
    shell: environment['SHELL'] ?? '/bin/sh',
    path: environment['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  };
}
