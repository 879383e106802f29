import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { ctrArguments } from './containerd.ts';
import { FaultError } from './fault-error.ts';
import { requireProgram } from './program-path.ts';
import type { ShimContainer } from './shim-container.ts';

/** A number of `ctr task exec` that were started at once. */
export interface Execs {
  readonly started: number;
  /** How many have ended so far, and of these, how many with a code other than 0. */
  readonly finished: () => number;
  readonly failed: () => number;
  /** pids of those that still run. */
  readonly unfinished: () => number[];
  /** Ends those that still run by KILL: behind a deadlocked shim a `ctr task exec` ignores TERM. Resolves when all have ended. */
  readonly stop: () => Promise<void>;
}

/** Endless execs, one after the other, in several lanes: what exec probes do. */
export interface ExecLoops {
  readonly finished: () => number;
  readonly failed: () => number;
  /** Starts no more and ends those that run. Must be called; the loops keep the maker alive. */
  readonly stop: () => Promise<void>;
}

const MOST = 500;
const TRUE = ['/bin/true'];

/** Starts `count` (1 to 500) execs in the container at once. Returns at once; nothing of it ends by itself behind a deadlocked shim. */
export function burstOfExecs(container: ShimContainer, count: number, command: readonly string[] = TRUE): Execs {
  checkCount(count);
  const runs = Array.from({ length: count }, () => startExec(container, command));
  return {
    started: count,
    finished: () => runs.filter(({ ended }) => ended()).length,
    failed: () => runs.filter(({ child }) => child.exitCode !== null && child.exitCode !== 0).length,
    unfinished: () => runs.flatMap(({ child, ended }) => (ended() || child.pid === undefined ? [] : [child.pid])),
    stop: async () => {
      for (const { child, ended } of runs) if (!ended()) child.kill('SIGKILL');
      await Promise.all(runs.map(({ done }) => done));
    },
  };
}

/** Starts `lanes` (1 to 500) endless loops of execs in the container. */
export function execLoops(container: ShimContainer, lanes: number, command: readonly string[] = TRUE): ExecLoops {
  checkCount(lanes);
  let stopped = false;
  let finished = 0;
  let failed = 0;
  const running = new Set<ChildProcess>();
  const lane = async () => {
    while (!stopped) {
      const { child, done } = startExec(container, command);
      running.add(child);
      await done;
      running.delete(child);
      if (stopped) return;
      finished += 1;
      if (child.exitCode !== 0) failed += 1;
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, lane));
  return {
    finished: () => finished,
    failed: () => failed,
    stop: async () => {
      stopped = true;
      for (const child of running) child.kill('SIGKILL');
      await all;
    },
  };
}

interface Run {
  readonly child: ChildProcess;
  readonly ended: () => boolean;
  readonly done: Promise<void>;
}

function startExec(container: ShimContainer, command: readonly string[]): Run {
  const { containerd, id } = container;
  const execId = `e${randomBytes(6).toString('hex')}`;
  const argv = [...ctrArguments(containerd), 'task', 'exec', '--exec-id', execId, '--fifo-dir', containerd.fifos, id, ...command];
  const child = spawn(requireProgram('ctr'), argv, { stdio: 'ignore', detached: true });
  let ended = false;
  const done = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      resolve();
    };
    child.once('exit', end).once('error', end);
  });
  return { child, ended: () => ended, done };
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST) return;
  throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `${count} execs: give a whole number from 1 to ${MOST}.`);
}
