import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** A runtime of pods besides `runc`: the handler's name is that of its RuntimeClass. */
export interface Runtime {
  readonly name: string;
  /** Absolute path of a containerd shim. */
  readonly shim: string;
}

/** What the files of a node say. */
export interface NodeFilesInput {
  readonly directory: string;
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  readonly allPods: string;
  readonly dns: string;
  readonly cgroupRoot: string;
  readonly authority: string;
  readonly serving: { readonly certificate: string; readonly key: string };
  readonly proxyKubeconfig: string;
  readonly runtimes: readonly Runtime[];
  /** Fields of KubeletConfiguration that win over those here. */
  readonly kubelet?: Readonly<Record<string, unknown>>;
}

/** Paths of what was written. */
export interface NodeFiles {
  readonly containerd: string;
  readonly kubelet: string;
  readonly proxy: string;
}

/** Where containerd listens on every node, inside of its mount namespace. */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
/** The image of every sandbox. */
export const PAUSE_IMAGE = 'localhost/pause:1';
const ABSENT_SNAPSHOTTERS = ['aufs', 'btrfs', 'devmapper', 'zfs'];

/** Writes the configuration of containerd, CNI, kubelet and kube-proxy of one node. */
export function writeNodeFiles(input: NodeFilesInput): NodeFiles {
  const cni = join(input.directory, 'cni');
  mkdirSync(cni, { recursive: true });
  const write = (name: string, text: string) => {
    const file = join(input.directory, name);
    writeFileSync(file, text);
    return file;
  };
  writeFileSync(join(cni, '10-bridge.conflist'), JSON.stringify(cniConfig(input.podCidr), undefined, 2));
  const resolvConf = write('resolv.conf', `nameserver ${input.dns}\n`);
  return {
    containerd: write('containerd.toml', containerdConfig(cni, input.runtimes)),
    kubelet: write('kubelet.yaml', stringify({ ...kubeletConfig(input, resolvConf), ...input.kubelet })),
    proxy: write('kube-proxy.yaml', stringify(proxyConfig(input))),
  };
}

/** containerd's configuration file, version 2 (containerd 1.3 to 2.x), with root, state and socket where a distribution has them. */
function containerdConfig(cni: string, runtimes: readonly Runtime[]): string {
  const text = (value: string) => JSON.stringify(value);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const runtime = (name: string, type: string) => [`[${cri}.containerd.runtimes.${name}]`, `runtime_type = ${text(type)}`];
  return [
    'version = 2',
    'root = "/var/lib/containerd"',
    'state = "/run/containerd"',
    `disabled_plugins = [${ABSENT_SNAPSHOTTERS.map((name) => text(`io.containerd.snapshotter.v1.${name}`)).join(', ')}]`,
    '[grpc]',
    `address = ${text(CONTAINERD_SOCKET)}`,
    '[debug]',
    'level = "info"',
    `[${cri}]`,
    `sandbox_image = ${text(PAUSE_IMAGE)}`,
    // Without CAP_SYS_RESOURCE a sandbox whose score is lower than containerd's dies at its start.
    'restrict_oom_score_adj = true',
    `[${cri}.cni]`,
    'bin_dir = "/usr/lib/cni"',
    `conf_dir = ${text(cni)}`,
    `[${cri}.containerd]`,
    'snapshotter = "overlayfs"',
    'default_runtime_name = "runc"',
    ...runtime('runc', 'io.containerd.runc.v2'),
    ...runtimes.flatMap(({ name, shim }) => runtime(name, shim)),
    '',
  ].join('\n');
}

function cniConfig(podCidr: string): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'bridge',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubeletConfig({ cgroupRoot, authority, serving, dns }: NodeFilesInput, resolvConf: string): Record<string, unknown> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failSwapOn: false,
    clusterDomain: 'cluster.local',
    clusterDNS: [dns],
    resolvConf,
    // The disk is the developer's: what fills it is not for the kubelet to judge.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'nodefs.inodesFree': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100,
  };
}

function proxyConfig({ name, allPods, proxyKubeconfig }: NodeFilesInput): unknown {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: proxyKubeconfig },
    mode: 'iptables',
    clusterCIDR: allPods,
    hostnameOverride: name,
    // The size of the table can be set in the first network namespace only.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
