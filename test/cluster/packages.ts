import { ensurePackages, type NeededPackage } from '../faults/runtime-packages.ts';
import type { OnProgress } from '../faults/progress.ts';

const BUILD: readonly NeededPackage[] = [
  { name: 'golang-go', program: 'go', why: 'builds Kubernetes and CoreDNS from their released source' },
];

const CONTROL_PLANE: readonly NeededPackage[] = [{ name: 'etcd-server', program: 'etcd', why: 'the store of the API server' }];

const NODES: readonly NeededPackage[] = [
  { name: 'containerd', program: 'containerd', why: 'the container runtime of each node' },
  { name: 'runc', program: 'runc', why: 'what its shims call' },
  { name: 'containernetworking-plugins', program: '/usr/lib/cni/bridge', why: 'gives each pod its network' },
  {
    name: 'iptables',
    program: 'iptables',
    why: 'kube-proxy and the bridge plugin write rules with it, in the network namespace of a node',
  },
  { name: 'conntrack', program: 'conntrack', why: 'kube-proxy forgets stale UDP flows with it' },
  { name: 'iproute2', program: 'ip', why: 'the bridge and the links to the nodes' },
  { name: 'busybox-static', program: 'busybox', why: 'the test image: sh, sleep, wget in one static file' },
];

/**
 * Installs from Debian's archive what is missing for a control plane (and for nodes, when `nodes`), without starting a service.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_NO_APT, KDR_FAULTS_INSTALL_FAILED
 */
export async function ensureClusterPackages({ nodes, onProgress }: { nodes: boolean; onProgress: OnProgress }): Promise<void> {
  await ensurePackages([...BUILD, ...CONTROL_PLANE, ...(nodes ? NODES : [])], { onProgress });
}
