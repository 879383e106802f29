import { agentLeaseName } from '@kdr/api-types';
import type { KubernetesObject, Lease } from '@kdr/controller-runtime';
import { type Check, failed, ok, some } from './check.ts';
import type { FreshnessJudge } from './freshness.ts';
import type { Seen } from './reader.ts';
import { type DaemonSet, type Taint, tolerates } from './workloads.ts';

/** core/v1 Node, as far as it is looked at. */
export interface Node extends KubernetesObject {
  spec?: { unschedulable?: boolean; taints?: Taint[] };
  status?: { conditions?: { type: string; status: string }[] };
}

/** An agent lives on every Node where one is to be expected: not where the kubelet is not Ready, nor where the DaemonSet is kept away. */
export function checkAgents(
  parts: { nodes: Seen<Node[]>; leases: Seen<Lease[]>; daemonSet: Seen<DaemonSet>; namespace: string },
  judge: FreshnessJudge,
): Check {
  const { nodes, leases, namespace } = parts;
  const right = 'give this user the right to list them (docs/cli.md)';
  if (nodes.state === 'denied') return failed('agents', nodes.message, right);
  if (leases.state === 'denied') return failed('agents', leases.message, right);
  const all = nodes.state === 'found' ? nodes.value : [];
  const wanted = all.filter((node) => isReady(node) && isFor(parts.daemonSet, node)).map((node) => node.metadata?.name ?? '');
  const rest = all.length - wanted.length;
  const others = rest === 0 ? '' : `; ${rest} not counted (not Ready, cordoned, or not meant for the agent)`;
  if (wanted.length === 0) return failed('agents', `there is no Node that an agent could run on${others}`, 'kubectl get nodes');
  const byName = new Map((leases.state === 'found' ? leases.value : []).map((lease) => [lease.metadata?.name, lease]));
  const missing = wanted.flatMap((node) => {
    const lease = byName.get(agentLeaseName(node));
    const state = lease === undefined ? { fresh: false as const, why: 'does not exist' } : judge.judge(lease);
    return state.fresh ? [] : [`${node} (its Lease ${state.why})`];
  });
  if (missing.length === 0) return ok('agents', `alive on ${wanted.length} of ${wanted.length} nodes${others}`);
  return failed(
    'agents',
    `missing on ${missing.length} of ${wanted.length} nodes: ${some(missing)}${others}`,
    `kubectl -n ${namespace} get pods -o wide -l app.kubernetes.io/component=agent`,
  );
}

/** The kubelet's word; a Node without conditions (that of `kdr up`) has no kubelet. A cordoned Node may be about to go. */
function isReady({ spec, status }: Node): boolean {
  const ready = status?.conditions?.find((one) => one.type === 'Ready');
  return spec?.unschedulable !== true && (ready === undefined || ready.status === 'True');
}

/** Whether the DaemonSet puts an agent there, as far as its node selector and tolerations say. */
function isFor(daemonSet: Seen<DaemonSet>, node: Node): boolean {
  if (daemonSet.state !== 'found') return true;
  const { nodeSelector = {}, tolerations = [] } = daemonSet.value.spec.template.spec;
  const labels = node.metadata?.labels ?? {};
  const selected = Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
  return selected && (node.spec?.taints ?? []).every((taint) => tolerates(tolerations, taint));
}
