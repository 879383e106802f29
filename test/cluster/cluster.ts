import { join } from 'node:path';
import { silent, type OnProgress } from '../faults/progress.ts';
import { buildShim } from '../faults/shim-build.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { requireRoot } from '../faults/root-rights.ts';
import { cleanUp, cleanUpAbandoned } from './clean-up.ts';
import { ClusterError } from './cluster-error.ts';
import { randomName, runControlPlane, type ControlPlane, type StartControlPlane } from './control-plane.ts';
import type { Daemon } from './daemon.ts';
import { DNS_USER, startDns } from './dns.ts';
import { makeImages } from './images.ts';
import { makeNetwork } from './network.ts';
import { startNode, type ClusterNode } from './node.ts';
import type { Runtime } from './node-files.ts';
import { ensureClusterPackages } from './packages.ts';
import { buildPrograms, CLUSTER_PROGRAMS } from './programs.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';

/** Options of `startCluster`. */
export interface StartCluster extends StartControlPlane {
  /** 1 to 9; default 2. */
  readonly nodes?: number;
  /** Which shims the nodes have besides `runc`, each with a RuntimeClass of its name. Default: both. */
  readonly shims?: readonly ('affected' | 'fixed')[];
  /** Fields of every node's KubeletConfiguration. */
  readonly kubelet?: Readonly<Record<string, unknown>>;
  /** The cluster outlives this process. Default false: a later start or `pnpm cluster down` takes it down once this process is dead. */
  readonly kept?: boolean;
}

/** A running cluster. */
export interface Cluster extends ControlPlane {
  readonly nodes: readonly ClusterNode[];
  readonly dns: Daemon;
  /** The node of that name, such as `node-1`. Throws KDR_CLUSTER_BAD_ARGUMENT when there is none. */
  node(name: string): ClusterNode;
  /** Puts the images of an archive (OCI or docker save) on every node. */
  importImage(file: string): Promise<void>;
}

const MAX_NODES = 9;
const NODES_READY_TIMEOUT_MS = 240_000;
/** The affected shim, containerd pull request 3529, and the same after its fix. */
const SHIM_VERSIONS = { affected: 'v1.2.0', fixed: 'v1.2.10' } as const;

/**
 * Starts a control plane, DNS and nodes, and returns when every node is Ready. As root on Linux; up to 16 clusters side by side.
 * @throws FaultError (packages, builds, KDR_FAULTS_NOT_ROOT), ClusterError of every code but KDR_CLUSTER_NOT_RUNNING
 */
export async function startCluster({
  nodes = 2,
  shims = ['affected', 'fixed'],
  onProgress = silent,
  ...rest
}: StartCluster = {}): Promise<Cluster> {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES)
    throw new ClusterError('KDR_CLUSTER_BAD_ARGUMENT', `A cluster has 1 to ${MAX_NODES} nodes, not ${nodes}.`);
  requireRoot('start nodes, which need namespaces, mounts and cgroups');
  await ensureClusterPackages({ nodes: true, onProgress });
  const programs = await buildPrograms(CLUSTER_PROGRAMS, { onProgress });
  const runtimes: Runtime[] = [];
  for (const name of shims) runtimes.push({ name, shim: await buildShim({ version: SHIM_VERSIONS[name], api: 'runc-v1', onProgress }) });
  const images = await makeImages(programs.pause, onProgress);
  await cleanUpAbandoned({ onProgress });
  const at = makeRunDirectory(rest.name ?? randomName(), rest.kept ?? false);
  try {
    return await run(at, { ...rest, nodes, programs, runtimes, images, onProgress });
  } catch (error) {
    await cleanUp(at, { onProgress });
    throw error;
  }
}

interface Run extends Pick<StartCluster, 'flags' | 'kubelet'> {
  readonly nodes: number;
  readonly programs: Awaited<ReturnType<typeof buildPrograms>>;
  readonly runtimes: readonly Runtime[];
  readonly images: readonly string[];
  readonly onProgress: OnProgress;
}

async function run(at: RunDirectory, { nodes, programs, runtimes, images, flags, kubelet, onProgress }: Run): Promise<Cluster> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const network = await makeNetwork(at);
  const control = await runControlPlane(at, { programs, network: { advertise: network.hostAddress }, flags, onProgress });
  const { plane, authority, api } = control;
  onProgress(`The control plane is up after ${seconds()}; starting ${nodes} nodes`);
  const common = { nodes, network, authority, apiPort: api.port, programs, runtimes, images, kubelet };
  const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
  const [dns, made] = await Promise.all([
    plane
      .apply(clusterObjects(runtimes))
      .then(() => startDns(at, { program: programs.coredns, address: network.hostAddress, authority, server: plane.server })),
    Promise.all(numbers.map((number) => startNode(at, { ...common, number }))),
  ]);
  await waitForNodes(plane, nodes);
  onProgress(`The cluster is up after ${seconds()}: ${made.map(({ name }) => name).join(', ')} are Ready`);
  return {
    ...plane,
    nodes: made,
    dns,
    node: (name) => {
      const found = made.find((node) => node.name === name);
      if (found === undefined) throw new ClusterError('KDR_CLUSTER_BAD_ARGUMENT', `There is no node ${name} in the cluster ${at.name}.`);
      return found;
    },
    importImage: async (file) => void (await Promise.all(made.map((node) => node.ctr('images', 'import', file)))),
  };
}

/** What CoreDNS may read, and a RuntimeClass for each runtime. */
function clusterObjects(runtimes: readonly Runtime[]): string {
  const objects = [
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'coredns' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: DNS_USER }],
    },
    ...runtimes.map(({ name }) => ({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler: name })),
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}

async function waitForNodes(plane: ControlPlane, count: number): Promise<void> {
  const readiness = ['get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'];
  let seen = '';
  const ready = async () => {
    seen = await plane.kubectl(...readiness);
    return seen.split(' ').filter((status) => status === 'True').length === count;
  };
  if (await becomesTrue(ready, NODES_READY_TIMEOUT_MS, 300)) return;
  const described = await plane.kubectl('describe', 'nodes').catch((error: unknown) => String(error));
  throw new ClusterError(
    'KDR_CLUSTER_START_FAILED',
    `After ${NODES_READY_TIMEOUT_MS / 1000} s not all of ${count} nodes were Ready (${seen}). Logs: ${join(plane.directory, 'nodes')}.\n${described.slice(0, 4000)}`,
  );
}
