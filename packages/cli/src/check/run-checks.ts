import { type Lease, leaseType, nodeType } from '@kdr/controller-runtime';
import { type Node, checkAgents } from './agents.ts';
import { type Check, failed } from './check.ts';
import type { FreshnessJudge } from './freshness.ts';
import { checkKinds, readKinds } from './kinds.ts';
import { LEADER_LEASE, checkMaster } from './master.ts';
import { checkPlugins, readPlugins } from './plugins.ts';
import { checkPolicies, readPolicies } from './policies.ts';
import type { Reader } from './reader.ts';
import { type ServerVersion, checkServer, isEmbedded } from './server.ts';
import { WEBHOOK, type WebhookConfiguration, checkWebhook } from './webhook.ts';
import { DAEMON_SET, DEPLOYMENT, type DaemonSet, type Deployment, checkDeployment } from './workloads.ts';

/** What is looked at, and with what. */
export interface Installation {
  reader: Reader;
  /** URL of the API server. */
  server: string;
  /** KDR's own namespace. */
  namespace: string;
  webhookName: string;
  leases: FreshnessJudge;
  /** Milliseconds since the epoch. */
  now(): number;
}

const DEPLOYMENTS = ['kdr-master', 'kdr-cluster-plugins', 'kdr-cluster-sources'];

/** Looks at everything once. A server that does not answer is a failed check, not an error. */
export async function runChecks(installation: Installation): Promise<Check[]> {
  const { reader, server, namespace, webhookName, leases } = installation;
  try {
    const version = await reader.document<ServerVersion>('/version');
    const [kinds, policies, webhook, leader, nodes, allLeases, daemonSet, plugins, deployments] = await Promise.all([
      readKinds(reader),
      readPolicies(reader, isEmbedded(version)),
      reader.get<WebhookConfiguration>(WEBHOOK, webhookName),
      reader.get<Lease>(leaseType, LEADER_LEASE, namespace),
      reader.list<Node>(nodeType),
      reader.list<Lease>(leaseType, namespace),
      reader.get<DaemonSet>(DAEMON_SET, 'kdr-agent', namespace),
      readPlugins(reader),
      Promise.all(DEPLOYMENTS.map((name) => reader.get<Deployment>(DEPLOYMENT, name, namespace))),
    ]);
    return [
      checkServer(server, version),
      checkKinds(kinds),
      checkPolicies(policies),
      checkWebhook(webhookName, webhook, installation.now()),
      checkMaster(leader, namespace, isEmbedded(version), leases),
      ...deployments.flatMap((seen, index) => checkDeployment(DEPLOYMENTS[index] ?? '', namespace, seen) ?? []),
      checkAgents({ nodes, leases: allLeases, daemonSet, namespace }, leases),
      ...checkPlugins(plugins),
    ];
  } catch (error) {
    return [
      failed('api server', (error as Error).message, 'is this the server that you mean? --kubeconfig, --context and --server name another'),
    ];
  }
}
