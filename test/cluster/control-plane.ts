import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { silent, type OnProgress } from '../faults/progress.ts';
import { kubectlPath } from '../tools/kubectl.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { cleanUp, cleanUpAbandoned } from './clean-up.ts';
import { startControllerManager, startScheduler } from './controllers.ts';
import type { Daemon } from './daemon.ts';
import { startEtcd } from './etcd.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ensureClusterPackages } from './packages.ts';
import { makeAuthority, makeServiceAccountKey, type Authority } from './pki.ts';
import { buildPrograms, CONTROL_PLANE_PROGRAMS } from './programs.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';

/** Programs of the control plane that take further flags. */
export type TunableProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** Options of `startControlPlane`. */
export interface StartControlPlane {
  /** Unique on the machine; default a random one. */
  readonly name?: string;
  /** Further flags; they come last and win. */
  readonly flags?: Partial<Record<TunableProgram, readonly string[]>>;
  readonly onProgress?: OnProgress;
}

/** A running control plane: etcd, API server, controller manager, scheduler. */
export interface ControlPlane {
  readonly directory: string;
  readonly name: string;
  /** Address of the API server, from this machine. */
  readonly server: string;
  /** Kubeconfig file of an administrator (group system:masters). */
  readonly kubeconfig: string;
  /** One JSON object (audit.k8s.io/v1 Event, level Metadata) per line and request. */
  readonly auditLog: string;
  readonly etcd: Daemon;
  readonly apiServer: Daemon;
  readonly controllerManager: Daemon;
  readonly scheduler: Daemon;
  /** Runs kubectl as administrator, for at most two minutes, and gives its output. `input`: its standard input. */
  kubectl(...args: readonly string[]): Promise<string>;
  apply(manifest: string): Promise<string>;
  /** A kubeconfig file for a user of that name and groups (a client certificate), to try what RBAC lets through. */
  userKubeconfig(name: string, groups?: readonly string[]): Promise<string>;
  /** Ends all of it and removes the directory. May be called again. */
  stop(): Promise<void>;
}

/** Where the API server listens and what it calls itself. */
export interface ControlPlaneNetwork {
  /** Address that it advertises to pods and nodes; undefined: loopback only, and no Service `kubernetes` with endpoints. */
  readonly advertise?: string;
}

const KUBECTL_TIMEOUT_MS = 120_000;

/**
 * Starts a control plane without nodes on loopback, on ports and in a directory of its own: any number can run side by side. About four seconds,
 * once the programs are built.
 * @throws FaultError (packages, builds), ClusterError KDR_CLUSTER_START_FAILED, KDR_CLUSTER_BAD_ARGUMENT, KDR_CLUSTER_RUNNING
 */
export async function startControlPlane({ name, flags, onProgress = silent }: StartControlPlane = {}): Promise<ControlPlane> {
  await ensureClusterPackages({ nodes: false, onProgress });
  const programs = await buildPrograms(CONTROL_PLANE_PROGRAMS, { onProgress });
  await cleanUpAbandoned({ onProgress });
  const at = makeRunDirectory(name ?? randomName(), false);
  try {
    const { plane } = await runControlPlane(at, { programs, network: {}, flags, onProgress });
    return plane;
  } catch (error) {
    await cleanUp(at, { onProgress });
    throw error;
  }
}

/** A name for a cluster that nobody asks for by name. */
export function randomName(): string {
  return `t${randomBytes(4).toString('hex')}`;
}

/** What the rest of a cluster needs of its control plane. */
export interface RunningControlPlane {
  readonly plane: ControlPlane;
  readonly authority: Authority;
  readonly api: ApiServer;
}

/** Starts the programs in a directory that exists. The caller cleans up after an error. */
export async function runControlPlane(
  at: RunDirectory,
  input: {
    programs: Record<'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler', string>;
    network: ControlPlaneNetwork;
    flags?: StartControlPlane['flags'];
    onProgress: OnProgress;
  },
): Promise<RunningControlPlane> {
  const { programs, network, flags = {}, onProgress } = input;
  onProgress(`Starting the control plane in ${at.directory}`);
  const pki = join(at.directory, 'pki');
  const authority = await makeAuthority(pki);
  const serviceAccountKey = makeServiceAccountKey(pki);
  const { daemon: etcd, url } = await startEtcd(at, flags.etcd);
  const api = await startApiServer(at, {
    program: programs['kube-apiserver'],
    etcd: url,
    authority,
    serviceAccountKey,
    advertise: network.advertise,
    flags: flags['kube-apiserver'],
  });
  const shared = { authority, server: api.server, serviceAccountKey };
  const [controllerManager, scheduler] = await Promise.all([
    startControllerManager(at, { ...shared, program: programs['kube-controller-manager'], flags: flags['kube-controller-manager'] }),
    startScheduler(at, { ...shared, program: programs['kube-scheduler'], flags: flags['kube-scheduler'] }),
  ]);
  const client = { ca: authority.certificate, server: api.server };
  const kubeconfig = writeKubeconfig(join(at.directory, 'kubeconfig'), { ...client, user: 'admin', pair: api.admin });
  const plane: ControlPlane = {
    directory: at.directory,
    name: at.name,
    server: api.server,
    kubeconfig,
    auditLog: api.auditLog,
    ...{ etcd, apiServer: api.daemon, controllerManager, scheduler },
    kubectl: (...args) => runKubectl(at, kubeconfig, args),
    apply: (manifest) => runKubectl(at, kubeconfig, ['apply', '-f', '-'], manifest),
    userKubeconfig: async (user, groups = []) => {
      const file = `user-${randomBytes(4).toString('hex')}`;
      const pair = await authority.issue({ file, commonName: user, groups });
      return writeKubeconfig(join(at.directory, `${file}.kubeconfig`), { ...client, user, pair });
    },
    stop: () => cleanUp(at, { onProgress }),
  };
  return { plane, authority, api };
}

async function runKubectl(at: RunDirectory, kubeconfig: string, args: readonly string[], input?: string): Promise<string> {
  const fixed = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${join(at.directory, 'kubectl-cache')}`];
  const options = {
    timeout: KUBECTL_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  } as const;
  return (await execa(kubectlPath(), [...fixed, ...args], options)).stdout;
}
