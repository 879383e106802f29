import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What this folder takes from the environment. */
export interface FaultsConfig {
  /** Where built programs are kept between runs: `$XDG_CACHE_HOME/kdr/faults`, else `~/.cache/kdr/faults`. */
  readonly cacheDirectory: string;
  /** Where directories of running faults are made: short, because socket paths may have 107 bytes at most (unix(7)). */
  readonly temporaryDirectory: string;
}

/** Reads the environment. A relative XDG_CACHE_HOME is ignored, as the XDG base directory specification asks. */
export function readFaultsConfig(environment: NodeJS.ProcessEnv = process.env): FaultsConfig {
  const xdg = environment['XDG_CACHE_HOME'];
  const cache = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), '.cache');
  return { cacheDirectory: join(cache, 'kdr', 'faults'), temporaryDirectory: tmpdir() };
}
