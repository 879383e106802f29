import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ProcessIdentity,
  type ProcStat,
  type Procfs,
  ProcError,
  catchesSignal,
  cpuSeconds,
  processAgeSeconds,
  processTree,
} from '@kdr/linux';
import { redactedArgv } from './argv.ts';
import type { ProcessFindings } from './findings.ts';
import { relativesOf } from './relatives.ts';
import { threadGroups } from './threads.ts';

/** Long enough for three ticks of a busy thread on a loaded machine, short enough for a call. */
const LOOK_MS = 300;

/** Looks at a process twice. `undefined` where it ends meanwhile. */
export async function lookAt(
  procfs: Procfs,
  identity: ProcessIdentity,
  depth: number,
  signal: AbortSignal,
): Promise<ProcessFindings | undefined> {
  const { pid } = identity;
  const first = procfs.stat(pid);
  const started = performance.now();
  await sleep(LOOK_MS, undefined, { signal });
  const unreadable: string[] = [];
  const stat = procfs.stat(pid);
  const status = procfs.status(pid);
  if (first === undefined || stat === undefined || status === undefined || stat.startTicks !== identity.startTicks) return undefined;
  const lookSeconds = (performance.now() - started) / 1000;
  const exe = seen(unreadable, 'exe', () => procfs.exe(pid)?.path);
  const { argv, argvCut } = redactedArgv((await commandLine(procfs, pid, unreadable)) ?? { argv: [], truncated: false });
  const threads = seen(unreadable, 'threads', () => procfs.threads(pid)) ?? [];
  return {
    identity,
    comm: stat.comm,
    ...(exe !== undefined && { exe }),
    argv,
    argvCut,
    state: stat.state,
    ppid: stat.ppid,
    uid: status.uid.effective,
    ageSeconds: processAgeSeconds(stat, procfs.uptime()),
    ...(status.vmRssKib !== undefined && { rssKib: status.vmRssKib }),
    threads: { count: stat.numThreads, groups: threadGroups(threads) },
    cpu: usedCpu(first, stat, lookSeconds),
    catchesSigusr1: catchesSignal(status, 'SIGUSR1'),
    fds: standardStreams(procfs, pid, unreadable),
    ...containerOf(procfs, pid),
    ...relativesOf(processTree(procfs), pid, depth),
    unreadable,
  };
}

function usedCpu(first: ProcStat, second: ProcStat, lookSeconds: number): ProcessFindings['cpu'] {
  return { seconds: cpuSeconds(second), usedBetweenLooks: Math.max(0, cpuSeconds(second) - cpuSeconds(first)), lookSeconds };
}

function standardStreams(procfs: Procfs, pid: number, unreadable: string[]): Record<string, string> {
  return (
    seen(unreadable, 'fds', () => {
      const links = [0, 1, 2].flatMap((descriptor) => {
        const link = procfs.fd(pid, descriptor);
        return link === undefined ? [] : [[String(descriptor), link] as const];
      });
      return Object.fromEntries(links);
    }) ?? {}
  );
}

function containerOf(procfs: Procfs, pid: number): Pick<ProcessFindings, 'container'> {
  const found = procfs.container(pid);
  if (found === undefined) return {};
  const { runtime, containerId: id, namespace, podUid } = found;
  return {
    container: {
      runtime,
      ...(id !== undefined && { id }),
      ...(namespace !== undefined && { namespace }),
      ...(podUid !== undefined && { podUid }),
    },
  };
}

async function commandLine(procfs: Procfs, pid: number, unreadable: string[]) {
  try {
    return await procfs.cmdline(pid);
  } catch (error) {
    return notSeen(unreadable, 'argv', error);
  }
}

/** What the kernel refuses is named, and the rest is given all the same. */
function seen<T>(unreadable: string[], what: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return notSeen(unreadable, what, error);
  }
}

function notSeen(unreadable: string[], what: string, error: unknown): undefined {
  if (!(error instanceof ProcError)) throw error;
  unreadable.push(`${what}: ${error.message}`);
  return undefined;
}
