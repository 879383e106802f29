import { existsSync } from 'node:fs';

/** Why this machine can't run what this folder starts, for a test that is then skipped; undefined when it can. */
export function whyNoCluster(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the packed kubectl runs on Linux x86-64 only';
  if (!existsSync('/etc/debian_version')) return 'etcd, containerd and runc come from the archive of Debian';
  if (process.getuid?.() !== 0) return 'packages, namespaces, mounts and cgroups need root';
  return undefined;
}
