import { type Endpoint, type Registration, registrationOf } from '@kdr/api-types';
import { PLUGIN_GROUPS, type PluginGroup } from './groups.ts';

export type { PluginGroup } from './groups.ts';

/**
 * The registrations of a group, in its order, which is also the order of its ports. Loads the plugins' definitions, so it is for who writes
 * manifests (the chart), not for who starts programs.
 * @param endpoint where the plugin of that name listens; `at` counts from 0
 */
export function registrationsOf(group: PluginGroup, endpoint: (name: string, at: number) => Endpoint): Registration[] {
  return PLUGIN_GROUPS[group].map(({ manifest }, at) => registrationOf(manifest, endpoint(manifest.name, at)));
}
