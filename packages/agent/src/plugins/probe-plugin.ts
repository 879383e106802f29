import type { Readiness } from './readiness.ts';
import { saidReady } from './registered-plugin.ts';
import type { RegisteredPlugin } from './registered-plugin.ts';

const PROBE_TIMEOUT_MS = 3_000;

/**
 * Asks a plugin whether it is ready, and for its manifest when that is not known or the plugin was not ready before (it may be another version
 * now). Never throws. A plugin behind a Service or a URL is probed by the master (docs/api, Registration): the agent reads the result from the
 * registration's status.
 */
export async function probePlugin(plugin: RegisteredPlugin, signal: AbortSignal): Promise<Readiness> {
  try {
    if (plugin.local) await plugin.client.ready({ timeoutMs: PROBE_TIMEOUT_MS, signal });
    else if (!saidReady(plugin)) return { ready: false, reason: 'the master has not found it ready' };
    if (!plugin.manifest || !plugin.readiness.now.ready) {
      plugin.manifest = await plugin.client.manifest({ timeoutMs: PROBE_TIMEOUT_MS, signal });
    }
    return { ready: true };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { ready: false, reason: code ? `${code}: ${message}` : message };
  }
}
