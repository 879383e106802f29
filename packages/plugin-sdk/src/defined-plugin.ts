import type { Manifest } from '@kdr/api-types';
import type { CommonDefinition } from './definition.ts';
import type { Plugin } from './plugin.ts';

/** Calls at once where the definition does not say: the agent's default per plugin. */
const CONCURRENCY = 4;

export function definedPlugin(manifest: Manifest, definition: Pick<CommonDefinition, 'concurrency' | 'ready'>, run: Plugin['run']): Plugin {
  return { manifest, concurrency: definition.concurrency ?? CONCURRENCY, ready: async () => definition.ready?.(), run };
}
