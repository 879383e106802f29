import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { KeyPair } from './pki.ts';

/** Writes a kubeconfig for one user with a client certificate; all is embedded, so that the file works anywhere. */
export function writeKubeconfig(
  file: string,
  { server, ca, user, pair }: { server: string; ca: string; user: string; pair: KeyPair },
): string {
  const embedded = (path: string) => readFileSync(path).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kdr-test', cluster: { server, 'certificate-authority-data': embedded(ca) } }],
    users: [{ name: user, user: { 'client-certificate-data': embedded(pair.certificate), 'client-key-data': embedded(pair.key) } }],
    contexts: [{ name: 'kdr-test', context: { cluster: 'kdr-test', user } }],
    'current-context': 'kdr-test',
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
