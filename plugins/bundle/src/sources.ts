import type { ApiClient, Logger, Runnable } from '@kdr/controller-runtime';
import { SOURCE_GROUPS } from './source-groups.ts';

/** What the sources are given. */
export interface SourceEnvironment {
  client: ApiClient;
  /** The node that those of the group `node` look at. */
  node: string;
  logger: Logger;
  /** Their settings: KDR_UNREAPED_SECONDS, … */
  env: Record<string, string | undefined>;
}

/** The sources of a group, ready to be run. @throws KdrError KDR_CONFIG_INVALID that names a variable that is wrong */
export function createSources(
  group: keyof typeof SOURCE_GROUPS,
  { client, node, logger, env }: SourceEnvironment,
): (Runnable & { name: string })[] {
  return SOURCE_GROUPS[group].map((source) => ({
    ...source.createSource({ client, node, logger: logger.child({ source: source.name }), env }),
    name: source.name,
  }));
}
