import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { shimSocketOf } from './belongings.ts';
import type { Containerd } from './containerd.ts';
import { FaultError } from './fault-error.ts';
import { readExe, readProc, readStat, readThreads, type ProcessIdentity } from './proc.ts';
import { signalExactly } from './process-end.ts';
import { becomesTrue, waitUntil } from './waiting.ts';

/** A running container with its own shim. */
export interface ShimContainer {
  readonly id: string;
  readonly namespace: string;
  readonly containerd: Containerd;
  /** What `startShimContainer` was given. */
  readonly shim: string;
  readonly shimPid: number;
  readonly shimIdentity: ProcessIdentity;
  readonly initPid: number;
  readonly initIdentity: ProcessIdentity;
  /** Absolute path of the bundle in containerd's state directory. */
  readonly bundle: string;
}

/** Options of `startShimContainer`. */
export interface StartShimContainer {
  /** Up to 60 characters of a-z, 0-9, dot and dash. */
  readonly id: string;
  /** A path from `buildShim`, or a runtime that containerd knows, such as `io.containerd.runc.v2` (default). */
  readonly shim?: string;
  /** The container's init; default a long sleep. */
  readonly command?: readonly string[];
}

const RUNTIME_V1 = 'io.containerd.runtime.v1.linux';
const RUNTIME_V2 = 'io.containerd.runc.v2';

/**
 * Starts a container under the given shim, without network and image.
 * @throws FaultError KDR_FAULTS_BAD_ARGUMENT, KDR_FAULTS_START_FAILED
 */
export async function startShimContainer(
  containerd: Containerd,
  { id, shim = RUNTIME_V2, command = ['/bin/sleep', '1000000'] }: StartShimContainer,
): Promise<ShimContainer> {
  if (!/^[a-z0-9][a-z0-9.-]{0,59}$/.test(id)) throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `${JSON.stringify(id)} is no container id.`);
  const runtime = shim === containerd.v1Shim ? RUNTIME_V1 : shim;
  try {
    const flags = ['--detach', '--null-io', '--fifo-dir', containerd.fifos, '--rootfs', '--runtime', runtime];
    await containerd.ctr(['run', ...flags, containerd.rootfs, id, ...command], 30_000);
  } catch (cause) {
    throw new FaultError('KDR_FAULTS_START_FAILED', `Container ${id} did not start under ${shim}: ${messageOf(cause)}`, { cause });
  }
  const kind = runtime === RUNTIME_V1 ? RUNTIME_V1 : 'io.containerd.runtime.v2.task';
  const bundle = join(containerd.state, kind, containerd.namespace, id);
  for (const socket of shimSocketOf(bundle)) appendFileSync(containerd.shimSockets, `${socket}\n`);
  const init = identityOf(Number(readFileSync(join(bundle, 'init.pid'), 'utf8')), `init of ${id}`);
  const shimIdentity = identityOf(readStat(init.pid)?.parentPid ?? -1, `shim of ${id}`);
  if (!basename(readExe(shimIdentity.pid) ?? '').startsWith('containerd-shim'))
    throw new FaultError('KDR_FAULTS_START_FAILED', `The parent of container ${id}'s init is no shim but ${readExe(shimIdentity.pid)}.`);
  return {
    id,
    namespace: containerd.namespace,
    containerd,
    shim,
    shimPid: shimIdentity.pid,
    shimIdentity,
    initPid: init.pid,
    initIdentity: init,
    bundle,
  };
}

/** What became of an init that was killed: reaped, an unreaped zombie, or `exiting` (see `endInit`). */
export type EndedInit = 'gone' | 'zombie' | 'exiting';

/**
 * Kills the container's init by its pid, past the runtime. A working shim reaps it. Under a deadlocked or stopped shim it stays: as a zombie, or,
 * where execs of the container are zombies too, as `exiting`: the kernel keeps a pid namespace's init (state S, no exe, no cmdline, wait channel
 * zap_pid_ns_processes) until the last process of the namespace has been reaped, which only the shim can do.
 */
export async function endInit(container: ShimContainer): Promise<EndedInit> {
  signalExactly(container.initIdentity, 'SIGKILL');
  const what = `the init of ${container.id} is dead`;
  await waitUntil(what, () => endOf(container.initIdentity) !== undefined, 5000, 20);
  // A working shim may need a moment to reap it.
  await becomesTrue(() => endOf(container.initIdentity) === 'gone', 500, 20);
  return endOf(container.initIdentity) ?? 'gone';
}

function endOf(init: ProcessIdentity): EndedInit | undefined {
  const stat = readStat(init.pid);
  if (stat === undefined || stat.startTicks !== init.startTicks) return 'gone';
  if (stat.state === 'Z') return 'zombie';
  return readProc(`${init.pid}/wchan`) === 'zap_pid_ns_processes' ? 'exiting' : undefined;
}

/** A shim that was stopped by `stopShim`. */
export interface StoppedShim {
  readonly resume: () => void;
}

/** SIGSTOP to the shim: it does nothing more, handles no signal and gives no dump; a fault to tell apart from the deadlock. */
export async function stopShim(container: ShimContainer): Promise<StoppedShim> {
  signalExactly(container.shimIdentity, 'SIGSTOP');
  const stopped = () => readThreads(container.shimPid).every(({ state }) => state === 'T');
  await waitUntil(`every thread of shim ${container.shimPid} is stopped`, stopped, 5000, 20);
  return { resume: () => void signalExactly(container.shimIdentity, 'SIGCONT') };
}

/** Ends one container for good by killing its shim; containerd then deletes the container. Waits until its bundle is gone. */
export async function removeContainer(container: ShimContainer): Promise<void> {
  signalExactly(container.shimIdentity, 'SIGKILL');
  await waitUntil(`containerd has cleaned up container ${container.id}`, () => !existsSync(container.bundle), 20_000);
}

function identityOf(pid: number, what: string): ProcessIdentity {
  const stat = readStat(pid);
  if (stat === undefined) throw new FaultError('KDR_FAULTS_START_FAILED', `The ${what} (pid ${pid}) is not there.`);
  return { pid, startTicks: stat.startTicks };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 1500) : String(cause);
}
