import { join } from 'node:path';
import { answers } from './answers.ts';
import { startHostDaemon, type Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import type { Authority, KeyPair } from './pki.ts';
import type { RunDirectory } from './run-directory.ts';

/** Services of every cluster have their addresses here; they are only ever seen inside of a node's network. */
export const SERVICE_CIDR = '10.96.0.0/16';
/** The first address of it: the Service `kubernetes`. */
const KUBERNETES_SERVICE = '10.96.0.1';

/** A running API server. */
export interface ApiServer {
  readonly daemon: Daemon;
  readonly port: number;
  /** Its address from this machine. */
  readonly server: string;
  readonly auditLog: string;
  /** Certificate of an administrator. */
  readonly admin: KeyPair;
}

/** What an API server is started with. */
export interface ApiServerInput {
  readonly program: string;
  readonly etcd: string;
  readonly authority: Authority;
  readonly serviceAccountKey: string;
  readonly advertise?: string;
  readonly flags?: readonly string[];
}

/** Starts the API server and waits until /readyz says ok. */
export async function startApiServer(at: RunDirectory, input: ApiServerInput): Promise<ApiServer> {
  const { authority, advertise, flags = [] } = input;
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  const hosts = [...names, '127.0.0.1', KUBERNETES_SERVICE, ...(advertise === undefined ? [] : [advertise])];
  const [port, serving, kubelet, admin] = await Promise.all([
    freePort(),
    authority.issue({ file: 'kube-apiserver', commonName: 'kube-apiserver', hosts }),
    authority.issue({ file: 'kubelet-client', commonName: 'kube-apiserver-kubelet-client', groups: ['system:masters'] }),
    authority.issue({ file: 'admin', commonName: 'admin', groups: ['system:masters'] }),
  ]);
  const auditLog = join(at.directory, 'logs', 'audit.log');
  const server = `https://127.0.0.1:${port}`;
  const args = [
    ...where(port, advertise),
    `--etcd-servers=${input.etcd}`,
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
    `--tls-cert-file=${serving.certificate}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority.certificate}`,
    `--kubelet-client-certificate=${kubelet.certificate}`,
    `--kubelet-client-key=${kubelet.key}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${input.serviceAccountKey}`,
    `--service-account-signing-key-file=${input.serviceAccountKey}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    // Webhooks are called at the endpoints of their Service: the host needs no kube-proxy, and no rule in its packet filter.
    '--enable-aggregator-routing=true',
    `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
    `--audit-log-path=${auditLog}`,
    ...flags,
  ];
  const ready = () => answers(`${server}/readyz`, { ca: authority.certificate, pair: admin });
  const daemon = await startHostDaemon(at, { name: 'kube-apiserver', program: input.program, args, ready });
  return { daemon, port, server, auditLog, admin };
}

/** Loopback is refused as the address of an endpoint, so that alone it has none. */
function where(port: number, advertise: string | undefined): string[] {
  const place =
    advertise === undefined
      ? ['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', '--endpoint-reconciler-type=none']
      : ['--bind-address=0.0.0.0', `--advertise-address=${advertise}`];
  return [`--secure-port=${port}`, ...place];
}
