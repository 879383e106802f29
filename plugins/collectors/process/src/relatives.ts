import { type ProcStat, type ProcessTree, hasExited } from '@kdr/linux';
import type { ProcessFindings, Relative } from './findings.ts';

const MAX_ANCESTORS = 32;
const MAX_CHILDREN = 256;
const MAX_ZOMBIES = 256;

type Relatives = Pick<ProcessFindings, 'ancestors' | 'children' | 'childCount' | 'zombies' | 'zombieCount' | 'descendantCount'>;

/** What stands around a process in the tree; `depth` 1 lists its direct children. */
export function relativesOf(tree: ProcessTree, pid: number, depth: number): Relatives {
  const children = tree.childrenOf(pid);
  const zombies = children.filter(hasExited).sort((a, b) => Number(a.startTicks) - Number(b.startTicks));
  return {
    ancestors: tree.ancestorsOf(pid).slice(0, MAX_ANCESTORS).map(relative),
    children: below(tree, pid, depth).map(relative),
    childCount: children.length,
    zombies: zombies.slice(0, MAX_ZOMBIES).map(relative),
    zombieCount: zombies.length,
    descendantCount: tree.descendantsOf(pid).length,
  };
}

/** The living below a process, level by level. */
function below(tree: ProcessTree, pid: number, depth: number): ProcStat[] {
  const found: ProcStat[] = [];
  let level = [pid];
  for (let at = 0; at < depth && level.length > 0 && found.length < MAX_CHILDREN; at += 1) {
    const next = level.flatMap((parent) => tree.childrenOf(parent)).filter((stat) => !hasExited(stat));
    found.push(...next);
    level = next.map((stat) => stat.pid);
  }
  return found.slice(0, MAX_CHILDREN);
}

function relative({ pid, ppid, startTicks, comm, state }: ProcStat): Relative {
  return { pid, ppid, startTicks, comm, state };
}
