import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, REGISTERED_AS, RESOURCES, registrationOf } from '@kdr/api-types';
import { type ApiClient, type Logger, sleep, systemClock } from '@kdr/controller-runtime';
import { createPluginClient } from '@kdr/plugin-client';
import { applyObject } from './cluster-objects.ts';

/** Asks whoever listens on a socket what it is; its role is not known yet. */
export async function askManifest(socket: string): Promise<Manifest> {
  const plugin = createPluginClient({ local: { socket } }, { timeoutMs: 2_000 });
  try {
    return await plugin.manifest();
  } finally {
    plugin.close();
  }
}

/** How long `kdr up` waits for its own plugins before it says that it is up without one of them. */
const PATIENCE_MS = 15_000;

/**
 * Registers whatever appears in the directory of sockets, for as long as `kdr up` runs; a socket that does not answer is asked again.
 * `onExpected` is called once: when the plugins of these names are registered, or have been waited for long enough.
 */
export async function registerPlugins(
  client: ApiClient,
  directory: string,
  logger: Logger,
  signal: AbortSignal,
  expected: readonly string[],
  onExpected: () => void,
): Promise<void> {
  const known = new Set<string>();
  const begun = systemClock.now();
  let waiting = true;
  for (let round = 0; !signal.aborted; round++) {
    for (const name of readdirSync(directory).filter((one) => one.endsWith('.sock') && !known.has(one))) {
      const socket = join(directory, name);
      try {
        const manifest = await askManifest(socket);
        await applyObject(client, RESOURCES[REGISTERED_AS[manifest.role]], registrationOf(manifest, { local: { socket } }));
        known.add(name);
        logger.info({ plugin: manifest.name, role: manifest.role, version: manifest.version }, 'a plugin is registered');
      } catch (err) {
        if (round > 10) logger.warn({ err, socket }, 'a socket in the plugins’ directory does not answer as a plugin');
      }
    }
    const missing = expected.filter((name) => !known.has(`${name}.sock`));
    if (waiting && (missing.length === 0 || systemClock.now() - begun > PATIENCE_MS)) {
      waiting = false;
      if (missing.length > 0) logger.warn({ missing }, 'plugins of the bundle are not there yet');
      onExpected();
    }
    await sleep(systemClock, round < 100 ? 100 : 3_000, signal);
  }
}
