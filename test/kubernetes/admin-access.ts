import { readFileSync } from 'node:fs';
import type { ApiServerConfig } from '@kdr/controller-runtime';
import { parse } from 'yaml';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string; 'certificate-authority'?: string } }[];
  users: { user: Record<string, string | undefined> }[];
}

/** How to reach the cluster as the only user of a kubeconfig that test/cluster wrote. */
export function adminAccess(kubeconfig: string): ApiServerConfig {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} names no cluster or no user`);
  const text = (data: string | undefined, file: string | undefined) =>
    data === undefined ? file && readFileSync(file, 'utf8') : Buffer.from(data, 'base64').toString('utf8');
  return {
    server: cluster.server,
    ca: text(cluster['certificate-authority-data'], cluster['certificate-authority']),
    cert: text(user['client-certificate-data'], user['client-certificate']),
    key: text(user['client-key-data'], user['client-key']),
  };
}
