import { dirname, join } from 'node:path';
import { readFaultsConfig } from '../faults/config.ts';

/** Where the base and the images are kept between runs: `$XDG_CACHE_HOME/kdr/images`, else `~/.cache/kdr/images`. */
export function imageCache(): string {
  return join(dirname(readFaultsConfig().cacheDirectory), 'images');
}
