import { readFileSync } from 'node:fs';
import { type ApiClient, createApiClient } from '@kdr/controller-runtime';
import { parse } from 'yaml';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

/** Address and authority of the first cluster of a kubeconfig. */
export function serverOf(file: string): { url: string; ca: string } {
  const cluster = read(file).clusters[0]?.cluster;
  if (cluster === undefined) throw new Error(`${file} names no cluster`);
  return { url: cluster.server, ca: text(cluster['certificate-authority-data']) };
}

/** A client as the user of a kubeconfig, whose certificate is embedded. */
export function clientOf(file: string): ApiClient {
  const user = read(file).users[0]?.user;
  if (user === undefined) throw new Error(`${file} names no user`);
  const { url, ca } = serverOf(file);
  return createApiClient({ server: url, ca, cert: text(user['client-certificate-data']), key: text(user['client-key-data']) });
}

const read = (file: string) => parse(readFileSync(file, 'utf8')) as Kubeconfig;
const text = (base64: string) => Buffer.from(base64, 'base64').toString();
