import { type CgroupContainer, type ProcStat, type ProcessTree, type Procfs, identityDifference, processIdentity } from '@kdr/linux';
import type { CollectRequest } from '@kdr/plugin-sdk';
import type { Shim, Task } from './findings.ts';
import type { Gaps } from './gaps.ts';
import { allShims, readShim, shimAbove } from './shim.ts';

/** What is asked about: a process, a container, a pod by its uid, or the pod that an Abnormal names; the first that is given counts. */
export interface Question {
  process?: { pid: number; startTicks?: string; bootId?: string };
  containerId?: string;
  podUid?: string;
  pod?: PodReference;
}
type PodReference = NonNullable<CollectRequest['abnormal']['spec']['podReference']>;

/** The shims that serve it, or why this collector has nothing to say. */
export type Found = { shims: Shim[]; container?: CgroupContainer } | { nothing: string };

/** Finds the shims that serve what is asked about. */
export async function findShims(procfs: Procfs, tree: ProcessTree, question: Question, gaps: Gaps): Promise<Found> {
  if (question.process !== undefined) return ofProcess(procfs, tree, question.process, gaps);
  const { what, isIt } = wanted(question);
  const shims = await read(procfs, tree, allShims(procfs, tree, gaps), gaps);
  const serving = shims.filter(({ tasks }) => tasks.some(isIt));
  const unseen = gaps.list.length > 0 ? ` among those that this user may look at (${gaps.list[0]})` : '';
  return serving.length > 0 ? { shims: serving } : { nothing: `no containerd shim serves ${what}${unseen}` };
}

function wanted({ containerId, podUid, pod }: Question): { what: string; isIt: (task: Task) => boolean } {
  if (containerId !== undefined) return { what: `container ${containerId}`, isIt: ({ id }) => id === containerId };
  if (pod === undefined) return { what: `pod ${podUid}`, isIt: (task) => task.pod?.uid === podUid };
  const { namespace, name, uid, container } = pod;
  const parts = [
    `pod ${namespace}/${name}`,
    ...(uid === undefined ? [] : [`uid ${uid}`]),
    ...(container === undefined ? [] : [`container ${container}`]),
  ];
  return { what: parts.join(', '), isIt: (task) => isOf(task, pod) };
}

/**
 * Whether a container is the named pod's. The rights of whoever wrote the reference were asked for its namespace and name, and a uid is no secret:
 * the bundle or the kubelet must say all of it. Where nobody says the names, it is not that pod.
 */
export function isOf(task: Pick<Task, 'pod' | 'containerName'>, { namespace, name, uid, container }: PodReference): boolean {
  if (task.pod?.namespace !== namespace || task.pod.name !== name) return false;
  return (uid === undefined || task.pod.uid === uid) && (container === undefined || task.containerName === container);
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
