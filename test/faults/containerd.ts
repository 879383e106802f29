import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { cleanUp } from './clean-up.ts';
import { containerdConfig, type ContainerdOptions } from './containerd-config.ts';
import { makeFaultDirectory, type FaultDirectory } from './fault-directory.ts';
import { FaultError } from './fault-error.ts';
import { isAlive, readStat, type ProcessIdentity } from './proc.ts';
import { requireProgram } from './program-path.ts';
import { silent, type OnProgress } from './progress.ts';
import { requireRoot } from './root-rights.ts';
import { fillRootfs } from './rootfs.ts';
import { becomesTrue } from './waiting.ts';

/** A running containerd of our own: own root, state, socket, namespace and log. */
export interface Containerd extends FaultDirectory, ProcessIdentity {
  /** The v1 shim that it was given. */
  readonly v1Shim?: string;
  /** Runs `ctr` against it; bounded, because ctr hangs for ever behind a deadlocked shim. Rejects on failure. */
  readonly ctr: (args: readonly string[], timeoutMs?: number) => Promise<string>;
  /** Ends it with every shim and container that it started, and removes the directory. May be called twice. */
  readonly stop: () => Promise<void>;
}

/** Options of `startContainerd`. */
export interface StartContainerd extends ContainerdOptions {
  /** A new or empty directory, short (≤ 93 bytes); default a fresh one in the temporary directory. */
  readonly directory?: string;
  readonly onProgress?: OnProgress;
}

const START_TIMEOUT_MS = 20_000;

/**
 * Starts containerd (Debian's or any other in PATH) beside any that the machine already runs, in its own session: Ctrl-C on the maker does not
 * reach it, so that `stop` or `cleanUp` can end it in the right order.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_MISSING_PROGRAM, KDR_FAULTS_PATH_TOO_LONG, KDR_FAULTS_NOT_OURS, KDR_FAULTS_START_FAILED
 */
export async function startContainerd({ directory, onProgress = silent, ...options }: StartContainerd = {}): Promise<Containerd> {
  requireRoot('start containerd');
  const program = requireProgram('containerd');
  const ctrProgram = requireProgram('ctr');
  requireProgram('runc');
  const at = makeFaultDirectory(directory);
  try {
    fillRootfs(at.rootfs);
    writeFileSync(at.config, containerdConfig(at, options));
    onProgress(`Starting containerd in ${at.directory}`);
    const daemon = await launch(program, at);
    const ctr = async (args: readonly string[], timeoutMs = 20_000) => {
      const { stdout } = await execa(ctrProgram, [...ctrArguments(at), ...args], {
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        stdin: 'ignore',
      });
      return stdout;
    };
    await waitUntilServing(at, daemon, ctr);
    return { ...at, ...daemon, v1Shim: options.shim, ctr, stop: () => cleanUp(at.directory, { onProgress, missingIsFine: true }) };
  } catch (error) {
    await cleanUp(at.directory, { onProgress });
    throw error;
  }
}

/** The first arguments of each `ctr` call: by them the clean-up finds the clients too. */
export function ctrArguments(at: FaultDirectory): string[] {
  return ['--address', at.socket, '--namespace', at.namespace];
}

async function launch(program: string, at: FaultDirectory): Promise<ProcessIdentity> {
  const log = openSync(at.log, 'a');
  const child = spawn(program, ['--config', at.config], { cwd: at.directory, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  child.unref();
  const stat = readStat(child.pid ?? -1);
  if (stat === undefined) throw new FaultError('KDR_FAULTS_START_FAILED', `containerd ended at once: ${tail(at.log)}`);
  return { pid: stat.pid, startTicks: stat.startTicks };
}

async function waitUntilServing(at: FaultDirectory, daemon: ProcessIdentity, ctr: Containerd['ctr']): Promise<void> {
  const answers = () =>
    ctr(['namespaces', 'ls'], 3000).then(
      () => true,
      () => false,
    );
  const serving = await becomesTrue(async () => !isAlive(daemon) || (existsSync(at.socket) && (await answers())), START_TIMEOUT_MS);
  if (serving && isAlive(daemon)) return;
  throw new FaultError('KDR_FAULTS_START_FAILED', `containerd did not serve within ${START_TIMEOUT_MS} ms: ${tail(at.log)}`);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-1500);
}
