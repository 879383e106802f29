import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from './api-error.ts';

/** How to reach an API server and as whom. */
export interface ApiServerConfig {
  /** `https://host:port`, a path prefix is kept; `http://` is meant for tests and loopback. */
  server: string;
  /** PEM of the authorities to trust; the system's when left out. */
  ca?: string;
  /** A file with the same: it is read when a certificate is not trusted, so that a rotated authority is followed without a restart. */
  caFile?: string;
  /** A bearer token, or where to get one (a credential plugin, say). `tokenFile` wins over it. */
  token?: string | TokenSource;
  /** A file with the bearer token: it is read again when it changes (the kubelet rotates it hourly) and after a 401. */
  tokenFile?: string;
  /** PEM of a client certificate and its key. */
  cert?: string;
  key?: string;
  /** The name on the server's certificate, where it is not the host of `server` (a tunnel, an address). */
  tlsServerName?: string;
  /** Does not check the server's certificate: whoever is in between can read and change everything. */
  insecureSkipTlsVerify?: boolean;
  /** Sent with every request: Impersonate-User and the like. */
  headers?: Readonly<Record<string, string | string[]>>;
  userAgent?: string;
}

/**
 * Gives the bearer token, or undefined for none. Asked before every request, so it keeps what is still good; `rejected` says that the server
 * has answered 401 to the last one.
 */
export type TokenSource = (rejected: boolean) => Promise<string | undefined>;

const SERVICE_ACCOUNT_ROOT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The configuration that every container of a cluster has: CA and token from the mounted service account, the address
 * from the variables that the kubelet sets (hand over the process's environment), or without them the cluster's DNS name.
 * Throws an ApiError with reason `NotInCluster` when the service account is missing.
 */
export function inClusterConfig(root = SERVICE_ACCOUNT_ROOT, env: Readonly<Record<string, string | undefined>> = {}): ApiServerConfig {
  const tokenFile = join(root, 'token');
  const caFile = join(root, 'ca.crt');
  const missing = [tokenFile, caFile].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    const message = `This does not run in a Pod with a service account: ${missing.join(', ')} missing. Name the API server in the configuration instead.`;
    throw new ApiError({ status: 0, reason: 'NotInCluster', message });
  }
  return { server: serverOf(env), ca: readFileSync(caFile, 'utf8'), caFile, tokenFile };
}

function serverOf(env: Readonly<Record<string, string | undefined>>): string {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return 'https://kubernetes.default.svc';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
