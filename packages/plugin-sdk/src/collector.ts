import type { CollectAnswer, CollectRequest } from '@kdr/api-types';
import type { TObject } from '@sinclair/typebox';
import { type PluginContext, pluginContext } from './context.ts';
import type { CommonDefinition } from './definition.ts';
import { type RoleFields, manifestOf } from './manifest.ts';
import { type Plugin } from './plugin.ts';
import { definedPlugin } from './defined-plugin.ts';

export interface CollectorDefinition<P extends TObject = TObject> extends CommonDefinition<P>, Pick<RoleFields, 'intrusive'> {
  collect(context: PluginContext<P>): CollectAnswer | Promise<CollectAnswer>;
}

/** A collector: gives information about a target. @throws KdrError KDR_INVALID_PLUGIN at once. */
export function defineCollector<P extends TObject = TObject>(definition: CollectorDefinition<P>): Plugin {
  const manifest = manifestOf('collector', definition, { collect: definition.collect }, { intrusive: definition.intrusive });
  return definedPlugin(manifest, definition, async (request, services) =>
    definition.collect(pluginContext(definition.parameters, request as CollectRequest, services)),
  );
}
