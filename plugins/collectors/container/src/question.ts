import { type CgroupContainer, type ProcStat, type ProcessTree, type Procfs, identityDifference, processIdentity } from '@kdr/linux';
import type { Shim } from './findings.ts';
import type { Gaps } from './gaps.ts';
import { allShims, readShim, shimAbove } from './shim.ts';

/** What is asked about: a process, a container or a pod; the first that is given counts. */
export interface Question {
  process?: { pid: number; startTicks?: string; bootId?: string };
  containerId?: string;
  podUid?: string;
}

/** The shims that serve it, or why this collector has nothing to say. */
export type Found = { shims: Shim[]; container?: CgroupContainer } | { nothing: string };

/** Finds the shims that serve what is asked about. */
export async function findShims(procfs: Procfs, tree: ProcessTree, question: Question, gaps: Gaps): Promise<Found> {
  const { process, containerId, podUid } = question;
  if (process !== undefined) return ofProcess(procfs, tree, process, gaps);
  const what = containerId === undefined ? `pod ${podUid}` : `container ${containerId}`;
  const shims = await read(procfs, tree, allShims(procfs, tree, gaps), gaps);
  const serving = shims.filter(({ tasks }) =>
    tasks.some((task) => (containerId === undefined ? task.pod?.uid === podUid : task.id === containerId)),
  );
  const unseen = gaps.list.length > 0 ? ` among those that this user may look at (${gaps.list[0]})` : '';
  return serving.length > 0 ? { shims: serving } : { nothing: `no containerd shim serves ${what}${unseen}` };
}

async function ofProcess(procfs: Procfs, tree: ProcessTree, reference: NonNullable<Question['process']>, gaps: Gaps): Promise<Found> {
  const { pid, startTicks, bootId } = reference;
  const now = processIdentity(procfs, pid);
  if (now === undefined) return { nothing: `process ${pid} is gone: no process has that pid` };
  const expected = { ...now, ...(startTicks !== undefined && { startTicks }), ...(bootId !== undefined && { bootId }) };
  const difference = identityDifference(expected, now);
  if (difference !== undefined) return { nothing: `process ${pid} is gone: ${difference}` };
  const container = procfs.container(pid);
  const above = shimAbove(procfs, tree, pid, gaps);
  const shims = await read(procfs, tree, above ? [above] : [], gaps);
  if (shims.length > 0 || container?.containerId !== undefined || container?.podUid !== undefined) return { shims, container };
  return { nothing: `process ${pid} is in no container, and no containerd shim` };
}

async function read(procfs: Procfs, tree: ProcessTree, stats: readonly ProcStat[], gaps: Gaps): Promise<Shim[]> {
  const found: Shim[] = [];
  for (const stat of stats) {
    const shim = await readShim(procfs, tree, stat, gaps);
    if (shim) found.push(shim);
  }
  return found;
}
