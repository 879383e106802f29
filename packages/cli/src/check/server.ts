import { type Check, failed, off, ok } from './check.ts';
import type { Seen } from './reader.ts';

/** What `/version` says. */
export interface ServerVersion {
  gitVersion: string;
  platform?: string;
}

/** ValidatingAdmissionPolicy is v1 from here on (KEP-3488), and KDR's rules hang on it. */
const OLDEST_MINOR = 30;
/** `selectableFields` of CRDs is on from here on (KEP-4358). */
const FIELDS_MINOR = 31;

/** Whether the API server of `kdr up` answers: it has no workloads, no webhooks and no leader. */
export function isEmbedded(version: Seen<ServerVersion>): boolean {
  return version.state === 'found' && version.value.gitVersion.endsWith('+embedded');
}

/** Whether KDR runs on this version of Kubernetes. */
export function checkServer(url: string, version: Seen<ServerVersion>): Check {
  const name = 'api server';
  if (version.state !== 'found') return off(name, `${url} answers, but does not tell its version to this user`);
  const { gitVersion } = version.value;
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  if (major === undefined || minor === undefined)
    return failed(name, `${url} says that its version is "${gitVersion}": is this Kubernetes?`);
  if (major !== '1' || Number(minor) < OLDEST_MINOR) {
    const next = 'upgrade Kubernetes: without admission policies (v1 since 1.30) nothing holds KDR’s rules';
    return failed(name, `${gitVersion} is not supported: 1.${OLDEST_MINOR} and later are`, next);
  }
  const byLabel = Number(minor) < FIELDS_MINOR ? '; before 1.31 agents select by the label kdr.dev/node' : '';
  return ok(name, `${gitVersion} at ${url} (supported: 1.${OLDEST_MINOR} and later${byLabel})`);
}
