import { READY_PLUGINS_ANNOTATION } from '@kdr/api-types';
import type { Lease } from '@kdr/controller-runtime';

const PREFIX = 'kdr-agent-';

/** What the agents say of their nodes on their Leases: kernel, architecture, version. Their plugins stand elsewhere. */
export function agentsIn(leases: readonly Lease[]): object[] {
  return leases
    .filter((lease) => lease.metadata?.name?.startsWith(PREFIX))
    .map(({ metadata, spec }) => ({
      node: metadata?.name?.slice(PREFIX.length),
      renewed: spec?.renewTime,
      facts: Object.fromEntries(
        Object.entries(metadata?.annotations ?? {})
          .filter(([key]) => key.startsWith('kdr.dev/') && key !== READY_PLUGINS_ANNOTATION)
          .map(([key, value]) => [key.slice('kdr.dev/'.length), value]),
      ),
    }));
}
