import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { childrenOf, isAlive, readArgv, readExe, type ProcessIdentity } from '../faults/proc.ts';
import { requireProgram } from '../faults/program-path.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { ClusterError } from './cluster-error.ts';
import { spawnDetached, startDaemon, tail, type Daemon, type DaemonPlan } from './daemon.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { connectNode, placeOf, type ClusterNetwork } from './network.ts';
import { cgroupRootOf, makeCgroupRoot } from './node-cgroups.ts';
import { CONTAINERD_SOCKET, writeNodeFiles, type Runtime } from './node-files.ts';
import type { Authority } from './pki.ts';
import { recordProcess, type RunDirectory } from './run-directory.ts';

/** A running node. Paths "of the node" are paths in its mount namespace. */
export interface ClusterNode {
  readonly name: string;
  /** First process of its pid namespace, as this machine numbers it. */
  readonly pid: number;
  readonly address: string;
  /** Path of containerd's socket, of the node. */
  readonly containerdSocket: string;
  /** Its cgroup in every hierarchy, such as `/kdr-dev-node-1`. */
  readonly cgroupRoot: string;
  readonly containerd: Daemon;
  readonly kubelet: Daemon;
  readonly proxy: Daemon;
  /** Runs a program in all namespaces of the node, for at most two minutes, and gives its output. Throws when it fails. */
  exec(argv: readonly string[], options?: { timeoutMs?: number }): Promise<string>;
  /** `ctr` of the node, namespace k8s.io. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Where a file of the node lies for this machine, such as `/var/lib/kdr`. */
  path(file: string): string;
}

/** What a node is started with. */
export interface StartNode {
  readonly number: number;
  readonly nodes: number;
  readonly network: ClusterNetwork;
  readonly authority: Authority;
  readonly apiPort: number;
  readonly programs: Record<'kubelet' | 'kube-proxy' | 'pause', string>;
  readonly runtimes: readonly Runtime[];
  readonly images: readonly string[];
  readonly kubelet?: Readonly<Record<string, unknown>>;
}

const INIT = join(import.meta.dirname, 'node-init.sh');
const EXEC_TIMEOUT_MS = 120_000;
// Generous: an overloaded machine takes its time even for these.
const NAMESPACES_TIMEOUT_MS = 60_000;
const LAUNCH_TIMEOUT_MS = 30_000;

/**
 * Starts a node: namespaces, containerd with the images, kubelet, kube-proxy. Does not wait until it is Ready.
 * @throws ClusterError KDR_CLUSTER_START_FAILED, KDR_CLUSTER_NO_NETWORK
 */
export async function startNode(at: RunDirectory, input: StartNode): Promise<ClusterNode> {
  const { number, nodes, network, authority, programs } = input;
  const name = `node-${number}`;
  const place = placeOf(network, number);
  const directory = join(at.directory, 'nodes', name);
  mkdirSync(directory, { mode: 0o711 });
  const cgroupRoot = cgroupRootOf(at, name);
  makeCgroupRoot(cgroupRoot);
  const [init, certificates] = await Promise.all([
    startInit(at, { directory, name, pause: programs.pause }),
    issue(at, { authority, name, address: place.address, directory, server: `https://${network.hostAddress}:${input.apiPort}` }),
  ]);
  await connectNode(network, { pid: init.pid, number, nodes });
  const files = writeNodeFiles({
    ...{ directory, name, cgroupRoot, allPods: network.podCidr, dns: network.hostAddress, authority: authority.certificate },
    ...{ address: place.address, podCidr: place.podCidr, ...certificates, runtimes: input.runtimes, kubelet: input.kubelet },
  });
  const inside = insideOf(init.pid);
  const exec = async (argv: readonly string[], { timeoutMs = EXEC_TIMEOUT_MS } = {}) => {
    const [program = 'true', ...args] = inside(argv);
    return (await execa(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL', stdin: 'ignore' })).stdout;
  };
  const ctr = (...args: readonly string[]) =>
    exec([requireProgram('ctr'), '--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', ...args]);
  const daemon = (program: string, args: readonly string[], ready?: DaemonPlan['ready']) =>
    startNodeDaemon(at, { init, directory, node: name, program, args, ready });
  const answersCtr = () =>
    ctr('version').then(
      () => true,
      () => false,
    );
  const containerd = await daemon(requireProgram('containerd'), ['--config', files.containerd], answersCtr);
  for (const image of input.images) await ctr('images', 'import', image);
  const kubelet = await daemon(programs.kubelet, [
    `--config=${files.kubelet}`,
    `--kubeconfig=${certificates.kubeconfig}`,
    `--hostname-override=${name}`,
    `--node-ip=${place.address}`,
  ]);
  const proxy = await daemon(programs['kube-proxy'], [`--config=${files.proxy}`]);
  return {
    ...{
      name,
      pid: init.pid,
      address: place.address,
      containerdSocket: CONTAINERD_SOCKET,
      cgroupRoot,
      containerd,
      kubelet,
      proxy,
      exec,
      ctr,
    },
    path: (file) => (file.startsWith('/var/') ? join(directory, file) : join('/proc', String(init.pid), 'root', file)),
  };
}

async function startInit(
  at: RunDirectory,
  { directory, name, pause }: { directory: string; name: string; pause: string },
): Promise<ProcessIdentity> {
  const log = join(directory, 'init.log');
  const ready = join(directory, 'ready');
  rmSync(ready, { force: true });
  const namespaces = ['--net', '--pid', '--mount', '--uts', '--fork', '--kill-child'];
  const outer = await spawnDetached(requireProgram('unshare'), [...namespaces, INIT, directory, name, pause], log);
  recordProcess(at, { name: `${name}/unshare`, ...outer });
  await becomesTrue(() => existsSync(ready) || !isAlive(outer), NAMESPACES_TIMEOUT_MS, 20);
  const [init] = childrenOf(outer.pid);
  if (init === undefined || !existsSync(ready))
    throw new ClusterError('KDR_CLUSTER_START_FAILED', `The namespaces of ${name} could not be made:\n${tail(log)}`);
  const identity = { pid: init.pid, startTicks: init.startTicks };
  recordProcess(at, { name: `${name}/init`, ...identity });
  return identity;
}

interface NodeDaemon {
  readonly init: ProcessIdentity;
  readonly directory: string;
  readonly node: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly ready?: DaemonPlan['ready'];
}

/** A daemon of a node is a child of the node's first process, and logs to the node's /var/log. */
function startNodeDaemon(at: RunDirectory, { init, directory, node, program, args, ready }: NodeDaemon): Promise<Daemon> {
  const name = basename(program);
  const log = join(directory, 'var', 'log', `${name}.log`);
  const script = 'log=$1; shift; exec setsid --fork "$@" >>"$log" 2>&1 </dev/null';
  const executable = realpathSync(program);
  const isIt = (pid: number) => readExe(pid) === executable && readArgv(pid).includes(args[0] ?? '');
  const launch = async () => {
    const [nsenter = '', ...rest] = insideOf(init.pid)(['/bin/sh', '-c', script, 'sh', `/var/log/${name}.log`, program, ...args]);
    await execa(nsenter, rest, { stdin: 'ignore', timeout: LAUNCH_TIMEOUT_MS });
    const find = () => childrenOf(init.pid).find(({ pid }) => isIt(pid));
    await becomesTrue(() => find() !== undefined, LAUNCH_TIMEOUT_MS, 20);
    const found = find();
    if (found !== undefined) return { pid: found.pid, startTicks: found.startTicks };
    throw new ClusterError('KDR_CLUSTER_START_FAILED', `${name} of ${node} ended at once:\n${tail(log)}`);
  };
  return startDaemon(at, { name: `${node}/${name}`, log, launch, ready });
}

function insideOf(pid: number): (argv: readonly string[]) => string[] {
  return (argv) => [requireProgram('nsenter'), '--target', String(pid), '--net', '--pid', '--mount', '--uts', '--', ...argv];
}

async function issue(
  at: RunDirectory,
  {
    authority,
    name,
    address,
    directory,
    server,
  }: { authority: Authority; name: string; address: string; directory: string; server: string },
) {
  const user = `system:node:${name}`;
  const [client, serving, proxy] = await Promise.all([
    authority.issue({ file: `${name}-client`, commonName: user, groups: ['system:nodes'] }),
    authority.issue({ file: `${name}-serving`, commonName: name, hosts: [name, address] }),
    authority.issue({ file: `${name}-proxy`, commonName: 'system:kube-proxy' }),
  ]);
  const ca = authority.certificate;
  return {
    serving,
    kubeconfig: writeKubeconfig(join(directory, 'kubelet.kubeconfig'), { server, ca, user, pair: client }),
    proxyKubeconfig: writeKubeconfig(join(directory, 'kube-proxy.kubeconfig'), { server, ca, user: 'system:kube-proxy', pair: proxy }),
  };
}
