import { type Abnormal, RESOURCES, type ReadyPlugin } from '@kdr/api-types';
import { type ApiClient, ApiError, type ResourceType, reviewAccess } from '@kdr/controller-runtime';
import type { AdmissionSettings } from './admission-settings.ts';
import type { AdmissionWorld } from './admission-world.ts';

/**
 * The cluster as the validators ask it. A cache may be a moment behind an object that was created in the same breath, so only its yes counts;
 * a no is asked again of the server.
 */
export function clusterWorld(
  client: ApiClient,
  settings: AdmissionSettings,
  cached: (kind: ReadyPlugin['kind'], name: string) => boolean | undefined,
): AdmissionWorld {
  const find = async <T>(type: ResourceType, at: { namespace?: string; name: string }): Promise<T | undefined> => {
    try {
      return await client.get<T>(type, at);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  };
  return {
    settings,
    registered: async (kind, name) => cached(kind, name) === true || (await find(RESOURCES[kind], { name })) !== undefined,
    abnormal: (namespace, name) => find<Abnormal>(RESOURCES.Abnormal, { namespace, name }),
    access: (user, access) => reviewAccess(client, user, access),
    now: Date.now,
  };
}
