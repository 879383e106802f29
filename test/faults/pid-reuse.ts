import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { FaultError } from './fault-error.ts';
import { isAlive, readStat, type ProcessIdentity } from './proc.ts';
import { endProcess } from './process-end.ts';
import { becomesTrue } from './waiting.ts';

/** A new process that got a wanted pid. */
export interface ReusedPid extends ProcessIdentity {
  readonly isAlive: () => boolean;
  readonly stop: () => Promise<void>;
}

const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const ATTEMPTS = 200;

/**
 * Makes the kernel hand out exactly this pid to a new process (`sleep`): the kernel counts on from ns_last_pid (proc_sys_kernel(5); needs
 * CONFIG_CHECKPOINT_RESTORE and root). Another fork on the machine may take it first; then it tries again, 200 times at most.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_BAD_ARGUMENT (pid in use, or its zombie), KDR_FAULTS_MISSED
 */
export async function reusePid(pid: number): Promise<ReusedPid> {
  if (process.getuid?.() !== 0) throw new FaultError('KDR_FAULTS_NOT_ROOT', `Only root can write ${LAST_PID}.`);
  if (!existsSync(LAST_PID)) throw new FaultError('KDR_FAULTS_UNSUPPORTED', `This kernel has no ${LAST_PID} (CONFIG_CHECKPOINT_RESTORE).`);
  if (!Number.isInteger(pid) || pid < 300 || existsSync(`/proc/${pid}`))
    throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `pid ${pid} is in use, or the kernel does not hand it out (below 300).`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    writeFileSync(LAST_PID, String(pid - 1));
    const child = spawn('sleep', ['100000'], { stdio: 'ignore', detached: true });
    if (child.pid === pid) return reused(child, pid);
    child.kill('SIGKILL');
    if (existsSync(`/proc/${pid}`)) await becomesTrue(() => !existsSync(`/proc/${pid}`), 2000, 50);
  }
  throw new FaultError('KDR_FAULTS_MISSED', `Did not get pid ${pid} in ${ATTEMPTS} attempts: too much else starts on this machine.`);
}

function reused(child: ChildProcess, pid: number): ReusedPid {
  child.unref();
  const identity = { pid, startTicks: readStat(pid)?.startTicks ?? 0 };
  return { ...identity, isAlive: () => isAlive(identity), stop: () => endProcess(identity, 0).then(() => undefined) };
}
