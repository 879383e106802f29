import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ProcStat, type Procfs, processIdentity } from '@kdr/linux';
import { readAnnotations, readInitPid, readShimAddress } from './bundle.ts';
import type { Task } from './findings.ts';
import type { Gaps } from './gaps.ts';
import { initState } from './init-state.ts';
import { readPodNames } from './pod-names.ts';
import type { ShimArguments } from './shim-arguments.ts';

/** More containers than any node runs. */
const MAX_BUNDLES = 4096;

interface Serving {
  shim: ProcStat;
  args: ShimArguments;
  /** Bundle of its first container, as the shim sees it. */
  bundle: string;
  children: readonly ProcStat[];
}
type PodNames = () => ReturnType<typeof readPodNames>;

/**
 * Every container that a shim serves. A v1 shim serves one. Of a v2 shim a neighbour in the same directory is served too when it names the same
 * socket, the same sandbox, or when its init is a child of the shim: for a blast radius, any of them counts. Files are read through the shim's
 * own root, so that no mount of the host's directories is needed.
 */
export function tasksOf(procfs: Procfs, serving: Serving, gaps: Gaps): Task[] {
  const { shim, args, bundle } = serving;
  const root = join(procfs.root, String(shim.pid), 'root');
  const directory = dirname(bundle);
  const own = basename(bundle);
  let read: ReturnType<PodNames> | undefined;
  const podNames = () => (read ??= readPodNames(root, gaps));
  const task = (id: string) => named(readTask(procfs, serving, join(root, directory, id), id, gaps), podNames);
  const first = task(own);
  if (args.api === 'v1') return [first];
  const address = readShimAddress(join(root, bundle), gaps);
  const names = gaps.see(`the bundles beside ${bundle}`, () => readdirSync(join(root, directory))) ?? [];
  if (names.length > MAX_BUNDLES) gaps.note(`${directory}: only ${MAX_BUNDLES} of ${names.length} bundles were read`);
  const others = names
    .slice(0, MAX_BUNDLES)
    .filter((id) => id !== own)
    .flatMap((id) => {
      const there = join(root, directory, id);
      if (address !== undefined && readShimAddress(there, gaps) === address) return [task(id)];
      const found = task(id);
      return found.sandboxId === own || (found.init !== 'Gone' && found.init !== 'Unknown') ? [found] : [];
    });
  return [first, ...others];
}

function readTask(procfs: Procfs, { shim, args, bundle, children }: Serving, directory: string, id: string, gaps: Gaps): Task {
  const initPid = readInitPid(directory, gaps);
  const init = initPid === undefined ? undefined : childWithPid(procfs, shim, children, initPid);
  const initIdentity = init && processIdentity(procfs, init.pid);
  const annotations = readAnnotations(directory, gaps);
  const podUid = init && procfs.container(init.pid)?.podUid;
  return {
    id,
    namespace: args.namespace,
    bundle: join(dirname(bundle), id),
    init: initPid === undefined ? 'Unknown' : initState(init),
    ...(initIdentity && { initIdentity }),
    ...(podUid !== undefined && { pod: { uid: podUid } }),
    ...annotations,
  };
}

/** With the names of its pod where the bundle has none. */
function named(task: Task, podNames: PodNames): Task {
  const { pod } = task;
  if (pod === undefined || (pod.namespace !== undefined && pod.name !== undefined)) return task;
  return { ...task, pod: { ...podNames().get(pod.uid), uid: pod.uid } };
}

/** The child that the shim knows under a pid: where the shim lives in a pid namespace of its own, that is not ours. */
function childWithPid(procfs: Procfs, shim: ProcStat, children: readonly ProcStat[], pid: number): ProcStat | undefined {
  const level = procfs.status(shim.pid)?.nsPids.length ?? 1;
  return children.find((child) => (level === 1 ? child.pid : procfs.status(child.pid)?.nsPids[level - 1]) === pid);
}
