import { join } from 'node:path';
import { startHostDaemon, type Daemon } from './daemon.ts';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { Authority } from './pki.ts';
import type { RunDirectory } from './run-directory.ts';

/** What the two are started with. */
export interface ControllerInput {
  readonly program: string;
  readonly authority: Authority;
  /** Address of the API server. */
  readonly server: string;
  readonly serviceAccountKey: string;
  readonly flags?: readonly string[];
}

/** Starts kube-controller-manager with a ServiceAccount of its own for each controller. */
export async function startControllerManager(at: RunDirectory, input: ControllerInput): Promise<Daemon> {
  const { authority } = input;
  return start(at, 'kube-controller-manager', input, [
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${input.serviceAccountKey}`,
    `--root-ca-file=${authority.certificate}`,
    `--cluster-signing-cert-file=${authority.certificate}`,
    `--cluster-signing-key-file=${authority.key}`,
  ]);
}

/** Starts kube-scheduler. */
export async function startScheduler(at: RunDirectory, input: ControllerInput): Promise<Daemon> {
  return start(at, 'kube-scheduler', input, []);
}

async function start(at: RunDirectory, name: string, input: ControllerInput, own: readonly string[]): Promise<Daemon> {
  const { authority, server, program, flags = [] } = input;
  // The users that the default roles of Kubernetes are bound to.
  const user = `system:${name}`;
  const [port, pair] = await Promise.all([freePort(), authority.issue({ file: name, commonName: user })]);
  const kubeconfig = writeKubeconfig(join(at.directory, 'pki', `${name}.kubeconfig`), { server, ca: authority.certificate, user, pair });
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    ...own,
    ...flags,
  ];
  const ready = () => answers(`https://127.0.0.1:${port}/healthz`);
  return startHostDaemon(at, { name, program, args, ready });
}
