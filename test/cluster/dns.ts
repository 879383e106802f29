import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers } from './answers.ts';
import { startHostDaemon, type Daemon } from './daemon.ts';
import { freePort } from './free-port.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { Authority } from './pki.ts';
import type { RunDirectory } from './run-directory.ts';

/** The user that CoreDNS is to the API server; it is bound to the ClusterRole `view`. */
export const DNS_USER = 'coredns';

/** Starts CoreDNS for cluster.local on the host's address of the bridge, port 53. */
export async function startDns(
  at: RunDirectory,
  { program, address, authority, server }: { program: string; address: string; authority: Authority; server: string },
): Promise<Daemon> {
  const pair = await authority.issue({ file: 'coredns', commonName: DNS_USER });
  const kubeconfig = writeKubeconfig(join(at.directory, 'pki', 'coredns.kubeconfig'), {
    server,
    ca: authority.certificate,
    user: DNS_USER,
    pair,
  });
  const [health, ready] = [await freePort(), await freePort()];
  const file = join(at.directory, 'Corefile');
  writeFileSync(
    file,
    `.:53 {
  bind ${address}
  errors
  health 127.0.0.1:${health}
  ready 127.0.0.1:${ready}
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig} kdr-test
  }
  cache 5
}
`,
  );
  return startHostDaemon(at, { name: 'coredns', program, args: ['-conf', file], ready: () => answers(`http://127.0.0.1:${ready}/ready`) });
}
