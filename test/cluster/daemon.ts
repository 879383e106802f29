import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, readStat, type ProcessIdentity } from '../faults/proc.ts';
import { endProcess, signalExactly } from '../faults/process-end.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { ClusterError } from './cluster-error.ts';
import { recordProcess, type RunDirectory } from './run-directory.ts';

/** One long-running program of a cluster that a test may stop and start. */
export interface Daemon {
  readonly name: string;
  readonly log: string;
  /** The process that runs now, or ran last. */
  identity(): ProcessIdentity;
  /** Ends it: TERM, after five seconds KILL. */
  stop(): Promise<void>;
  /** Starts it again, and returns when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP: it hangs, and its connections stay open. */
  freeze(): void;
  /** SIGCONT. */
  continue(): void;
}

/** How to run a daemon. */
export interface DaemonPlan {
  readonly name: string;
  readonly log: string;
  /** Starts the process, whose output goes to `log`. */
  readonly launch: () => Promise<ProcessIdentity>;
  /** True when it serves. Asked until it is, or until the process is gone. */
  readonly ready?: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
}

const READY_TIMEOUT_MS = 240_000;
const STOP_GRACE_MS = 5000;

/**
 * Starts a daemon and waits until it is ready.
 * @throws ClusterError KDR_CLUSTER_START_FAILED with the end of its log
 */
export async function startDaemon(at: RunDirectory, plan: DaemonPlan): Promise<Daemon> {
  let identity = await launchUntilReady(at, plan);
  return {
    name: plan.name,
    log: plan.log,
    identity: () => identity,
    stop: async () => void (await endProcess(identity, STOP_GRACE_MS)),
    start: async () => {
      if (!isAlive(identity)) identity = await launchUntilReady(at, plan);
    },
    freeze: () => void signalExactly(identity, 'SIGSTOP'),
    continue: () => void signalExactly(identity, 'SIGCONT'),
  };
}

async function launchUntilReady(at: RunDirectory, plan: DaemonPlan): Promise<ProcessIdentity> {
  const { name, log, launch, ready = async () => true, readyTimeoutMs = READY_TIMEOUT_MS } = plan;
  const identity = await launch();
  recordProcess(at, { name, ...identity });
  const settled = await becomesTrue(async () => !isAlive(identity) || (await ready()), readyTimeoutMs, 50);
  if (settled && isAlive(identity)) return identity;
  const what = settled ? 'ended at once' : `was not ready within ${readyTimeoutMs / 1000} s`;
  throw new ClusterError('KDR_CLUSTER_START_FAILED', `${name} ${what}. The end of ${log}:\n${tail(log)}`);
}

/**
 * Starts a program of the host in its own session (Ctrl-C on the maker does not reach it), with its output appended to a log file.
 * @throws ClusterError KDR_CLUSTER_START_FAILED
 */
export async function spawnDetached(program: string, args: readonly string[], log: string): Promise<ProcessIdentity> {
  const output = openSync(log, 'a');
  const child = spawn(program, args, { cwd: '/', detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  const stat = child.pid === undefined ? undefined : readStat(child.pid);
  if (stat !== undefined) return { pid: stat.pid, startTicks: stat.startTicks };
  throw new ClusterError('KDR_CLUSTER_START_FAILED', `${program} ended at once:\n${tail(log)}`);
}

/** A daemon on the host. */
export function startHostDaemon(
  at: RunDirectory,
  {
    name,
    program,
    args,
    ...rest
  }: { name: string; program: string; args: readonly string[] } & Pick<DaemonPlan, 'ready' | 'readyTimeoutMs'>,
): Promise<Daemon> {
  const log = join(at.directory, 'logs', `${name}.log`);
  return startDaemon(at, { name, log, launch: () => spawnDetached(program, args, log), ...rest });
}

/** The last lines of a log, for a message. */
export function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-2000) : '(no log)';
}
