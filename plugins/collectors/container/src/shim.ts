import { basename, dirname } from 'node:path';
import { type ProcStat, type ProcessTree, type Procfs, processIdentity } from '@kdr/linux';
import { findDaemon } from './daemon.ts';
import type { Shim } from './findings.ts';
import type { Gaps } from './gaps.ts';
import { isShimProgram, readShimArguments } from './shim-arguments.ts';
import { tasksOf } from './tasks.ts';

const MAX_CHILDREN = 128;
const DELETED = ' (deleted)';
/** STATE/io.containerd.runtime.v2.task/NAMESPACE/ID, v1: io.containerd.runtime.v1.linux. Neighbours of any other directory are not looked at. */
const BUNDLE = /\/io\.containerd\.runtime\.v[12]\.[a-z]+\/[^/]+\/[^/]+$/;

/** The nearest shim at or above a process: a shim is the subreaper of what it starts, so all of it has the shim above it. */
export function shimAbove(procfs: Procfs, tree: ProcessTree, pid: number, gaps: Gaps): ProcStat | undefined {
  const own = tree.processes.get(pid);
  return [...(own ? [own] : []), ...tree.ancestorsOf(pid)].find((stat) => isShim(procfs, stat, gaps));
}

/** Every shim of the machine. */
export function allShims(procfs: Procfs, tree: ProcessTree, gaps: Gaps): ProcStat[] {
  return [...tree.processes.values()].filter((stat) => isShim(procfs, stat, gaps));
}

function isShim(procfs: Procfs, { pid }: ProcStat, gaps: Gaps): boolean {
  const exe = gaps.see('programs of other users', () => procfs.exe(pid)?.path);
  return exe !== undefined && isShimProgram(exe);
}

/** All about one shim; `undefined` where it ends meanwhile. */
export async function readShim(procfs: Procfs, tree: ProcessTree, stat: ProcStat, gaps: Gaps): Promise<Shim | undefined> {
  const { pid } = stat;
  const identity = processIdentity(procfs, pid);
  const exe = gaps.see(`program of ${pid}`, () => procfs.exe(pid)?.path);
  const line = await procfs.cmdline(pid).catch((error: unknown) => {
    gaps.note(`command line of ${pid}: ${String(error)}`);
    return undefined;
  });
  if (identity === undefined || exe === undefined || line === undefined || identity.startTicks !== stat.startTicks) return undefined;
  const args = readShimArguments(line.argv);
  const log = logOf(procfs, pid, gaps);
  const { bundle, bundleDeleted } = bundleOf(procfs, pid, gaps);
  const namespace = args.namespace || (bundle === undefined ? '' : basename(dirname(bundle)));
  const children = tree.childrenOf(pid);
  const tasks = bundle === undefined ? [] : tasksOf(procfs, { shim: stat, args: { ...args, namespace }, bundle, children }, gaps);
  const inits = new Set(tasks.flatMap((task) => task.initIdentity?.pid ?? []));
  const others = children.filter((child) => !inits.has(child.pid));
  const daemon = findDaemon(procfs, tree.processes.values(), { pid, log, address: args.address }, gaps);
  return {
    ...{ identity, exe, api: args.api, state: stat.state, namespace, debug: args.debug },
    ...(bundle !== undefined && { bundle }),
    ...{ bundleDeleted, log },
    ...(daemon && { daemon }),
    tasks,
    children: others.slice(0, MAX_CHILDREN).map(({ pid, startTicks, comm, state }) => ({ pid, startTicks, comm, state })),
    childCount: others.length,
  };
}

/** Shims of both kinds work in the bundle of their container (containerd: client.go, `cmd.Dir`; v2: the start action). */
function bundleOf(procfs: Procfs, pid: number, gaps: Gaps): { bundle?: string; bundleDeleted: boolean } {
  const link = gaps.see(`working directory of shim ${pid}`, () => procfs.cwd(pid));
  if (link === undefined) return { bundleDeleted: false };
  const bundleDeleted = link.endsWith(DELETED);
  const path = bundleDeleted ? link.slice(0, -DELETED.length) : link;
  return BUNDLE.test(path) ? { bundle: path, bundleDeleted } : { bundleDeleted: false };
}

/** v2: the FIFO `log` in the bundle, also where descriptor 2 is /dev/null (1.2.0). v1: descriptors 1 and 2, since 1.2.7 `shim.std{out,err}.log`. */
function logOf(procfs: Procfs, pid: number, gaps: Gaps): Shim['log'] {
  const links = gaps.see(`open files of shim ${pid}`, () => procfs.fds(pid)?.links);
  const fifo = [...(links ?? [])].find(([, link]) => /\/(?:log|shim\.std(?:out|err)\.log)$/.test(link));
  const [stdout, stderr] = [links?.get(1), links?.get(2)];
  return {
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    ...(fifo && { fifo: { descriptor: fifo[0], path: fifo[1] } }),
  };
}
