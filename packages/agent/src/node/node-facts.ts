import { hostname, release } from 'node:os';
import { randomUUID } from 'node:crypto';
import { READY_PLUGINS_ANNOTATION, agentLeaseName } from '@kdr/api-types';
import type { ReadyPlugin } from '@kdr/api-types';
import { createLeaseHeartbeat } from '@kdr/controller-runtime';
import type { ApiClient, LeaseHeartbeat, Logger, OwnerReference } from '@kdr/controller-runtime';

/** Annotations of the agent's Lease, besides READY_PLUGINS_ANNOTATION: facts about the node (R14). */
export const NODE_FACTS = {
  kernel: 'kdr.dev/kernel',
  bootId: 'kdr.dev/boot-id',
  architecture: 'kdr.dev/architecture',
  version: 'kdr.dev/agent-version',
} as const;

interface NodeFactsContext {
  client: ApiClient;
  node: string;
  /** Of the Lease. */
  namespace: string;
  owner: OwnerReference | undefined;
  bootId: string;
  version: string;
  plugins: () => ReadyPlugin[];
  logger: Logger;
}

/** Says on the Lease of this node that its agent lives, which plugins are ready, and what the node is. */
export function createNodeFacts({ client, node, namespace, owner, bootId, version, plugins, logger }: NodeFactsContext): LeaseHeartbeat {
  return createLeaseHeartbeat({
    client,
    namespace,
    owner,
    name: agentLeaseName(node),
    holder: `${hostname()}_${process.pid}_${randomUUID().slice(0, 8)}`,
    annotations: () => ({
      [READY_PLUGINS_ANNOTATION]: JSON.stringify(plugins()),
      [NODE_FACTS.kernel]: release(),
      [NODE_FACTS.bootId]: bootId,
      [NODE_FACTS.architecture]: process.arch,
      [NODE_FACTS.version]: version,
    }),
    logger,
  });
}
