import { opendirSync } from 'node:fs';
import { join } from 'node:path';
import type { Gaps } from './gaps.ts';

/** A node runs some hundreds of pods; leftovers of deleted ones are few. */
const MAX_ENTRIES = 8192;

/** Where the kubelet keeps the logs of a pod: `NAMESPACE_NAME_UID` (pkg/kubelet/kuberuntime/helpers.go, BuildPodLogsDirectory). */
const LOGS = 'var/log/pods';

/**
 * The namespace and name of each pod of this node by its uid, as the kubelet has written them. Bundles of Docker and of containerd before 1.5 name the
 * uid at most.
 * @param root the root directory of a process of the host, such as `/proc/PID/root`
 */
export function readPodNames(root: string, gaps: Gaps): ReadonlyMap<string, { namespace: string; name: string }> {
  const names = new Map<string, { namespace: string; name: string }>();
  gaps.see(LOGS, () => {
    const directory = opendirSync(join(root, LOGS));
    try {
      for (let seen = 0, entry = directory.readSync(); entry !== null && seen < MAX_ENTRIES; seen += 1, entry = directory.readSync()) {
        // None of the three may hold an underscore.
        const [namespace, name, uid, ...more] = entry.name.split('_');
        if (namespace && name && uid && more.length === 0 && entry.isDirectory()) names.set(uid, { namespace, name });
      }
    } finally {
      directory.closeSync();
    }
  });
  return names;
}
