import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFaultsConfig } from './config.ts';
import { FaultError } from './fault-error.ts';
import { buildGoProgram } from './go-build.ts';
import { childrenOf, isAlive, readExe, readProc, readStat, type ProcessIdentity } from './proc.ts';
import { endProcess } from './process-end.ts';
import { requireProgram } from './program-path.ts';
import { silent, type OnProgress } from './progress.ts';
import { becomesTrue } from './waiting.ts';

/** `silent`: Go, catches SIGUSR1 and prints nothing. `dies`: no handler at all, SIGUSR1 ends it, as it would a shim written in C or Rust. */
export type Handlerless = 'silent' | 'dies';

/** A process that looks like a container's shim and gives no dump. */
export interface HandlerlessShim extends ProcessIdentity {
  readonly kind: Handlerless;
  /** Its child, in the place of the container's init. */
  readonly childPid: number;
  /** Whether /proc/PID/status says that it catches SIGUSR1 (bit 9 of SigCgt). */
  readonly catchesUsr1: boolean;
  readonly isAlive: () => boolean;
  readonly stop: () => Promise<void>;
}

const USR1 = 1n << 9n;
const ARGUMENTS = ['-namespace', 'kdr-fault', '-id', 'handlerless'];

/**
 * Starts one. Its executable's name begins with `containerd-shim`, as that of a real one. No root needed.
 * @throws FaultError KDR_FAULTS_MISSING_PROGRAM (busybox for `dies`, go for `silent`), KDR_FAULTS_BUILD_FAILED, KDR_FAULTS_START_FAILED
 */
export async function shimWithoutHandler(
  kind: Handlerless,
  { onProgress = silent }: { onProgress?: OnProgress } = {},
): Promise<HandlerlessShim> {
  const directory = mkdtempSync(join(readFaultsConfig().temporaryDirectory, 'kdr-handlerless-'));
  const clear = () => rmSync(directory, { recursive: true, force: true });
  try {
    const shim = await (kind === 'silent' ? startSilent(onProgress) : startDying(directory));
    await becomesTrue(() => hasContainerLikeChild(shim.pid) && (kind === 'dies' || catchesUsr1(shim.pid)), 5000, 20);
    const child = childrenOf(shim.pid)[0];
    if (child === undefined) {
      await endProcess(shim, 0);
      throw new FaultError('KDR_FAULTS_START_FAILED', `The ${kind} stand-in shim ${shim.pid} started no child within 5 s.`);
    }
    const stop = async () => {
      await endProcess(shim, 0);
      await endProcess(child, 0);
      clear();
    };
    return { ...shim, kind, childPid: child.pid, catchesUsr1: catchesUsr1(shim.pid), isAlive: () => isAlive(shim), stop };
  } catch (error) {
    clear();
    throw error;
  }
}

async function startSilent(onProgress: OnProgress): Promise<ProcessIdentity> {
  const program = 'containerd-shim-silent';
  const built = await buildGoProgram(
    { source: join(import.meta.dirname, 'shims', 'without-handler'), goPackage: '.', program },
    onProgress,
  );
  return launch(join(built, program), ARGUMENTS);
}

/** busybox's shell under another name: it installs no handler for SIGUSR1. The child is another program, so that it does not look like a shim. */
async function startDying(directory: string): Promise<ProcessIdentity> {
  const file = join(directory, 'containerd-shim-dies');
  const busybox = requireProgram('busybox');
  copyFileSync(busybox, file);
  return launch(file, ['-c', `${busybox} sleep 100000 & wait`, ...ARGUMENTS], 'sh');
}

async function launch(file: string, args: readonly string[], argv0?: string): Promise<ProcessIdentity> {
  const child = spawn(file, args, { argv0, stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  const stat = readStat(child.pid ?? -1);
  if (stat === undefined) throw new FaultError('KDR_FAULTS_START_FAILED', `${file} ended at once.`);
  return { pid: stat.pid, startTicks: stat.startTicks };
}

/** Between fork and exec a child still is its parent's program. */
function hasContainerLikeChild(pid: number): boolean {
  return childrenOf(pid).some((child) => readExe(child.pid) !== undefined && readExe(child.pid) !== readExe(pid));
}

function catchesUsr1(pid: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readProc(`${pid}/status`) ?? '')?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & USR1) !== 0n;
}
