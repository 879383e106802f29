import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { FaultError } from './fault-error.ts';
import { isAlive, readStat, type ProcessIdentity } from './proc.ts';
import { endProcess } from './process-end.ts';
import { requireRoot } from './root-rights.ts';
import { becomesTrue } from './waiting.ts';

/** A new process that got a wanted pid. */
export interface ReusedPid extends ProcessIdentity {
  readonly isAlive: () => boolean;
  readonly stop: () => Promise<void>;
}

const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const TIMEOUT_MS = 15_000;

// Writing and forking must follow each other within microseconds, so a shell does both: Node needs a millisecond, in which others fork.
const SCRIPT = `
echo $(($1 - 1)) >${LAST_PID} || exit 2
sleep 100000 </dev/null >/dev/null 2>&1 &
[ $! = $1 ] && exit 0
kill -9 $!
exit 1`;

/**
 * Makes the kernel hand out exactly this pid to a new process (`sleep`): the kernel counts on from ns_last_pid (proc_sys_kernel(5); needs
 * CONFIG_CHECKPOINT_RESTORE and root). It tries for 15 s, because the kernel keeps a pid for as long as any process, even a zombie that init has
 * not reaped yet, has it as its process group or session. Another process of the machine may be quicker and keep the pid: KDR_FAULTS_MISSED names
 * it; begin again with another pid then.
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_BAD_ARGUMENT (pid in use), KDR_FAULTS_MISSED
 */
export async function reusePid(pid: number): Promise<ReusedPid> {
  requireRoot(`write ${LAST_PID}`);
  if (!existsSync(LAST_PID)) throw new FaultError('KDR_FAULTS_UNSUPPORTED', `This kernel has no ${LAST_PID} (CONFIG_CHECKPOINT_RESTORE).`);
  // A process that has just ended is a zombie until its parent, often pid 1, has reaped it.
  const free =
    Number.isInteger(pid) &&
    pid >= 300 &&
    (await becomesTrue(() => !existsSync(`/proc/${pid}`), readStat(pid)?.state === 'Z' ? TIMEOUT_MS : 0, 20));
  if (!free) throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `pid ${pid} is in use, or the kernel does not hand it out (below 300).`);
  const end = performance.now() + TIMEOUT_MS;
  while (performance.now() < end) {
    const { exitCode } = await execa('/bin/sh', ['-c', SCRIPT, 'sh', String(pid)], {
      reject: false,
      timeout: 5000,
      stdin: 'ignore',
      detached: true,
    });
    if (exitCode === 0) return reused(pid);
    await sleep(50);
  }
  const holder = readStat(pid)?.comm ?? 'none; it still names a session or process group';
  throw new FaultError(
    'KDR_FAULTS_MISSED',
    `Did not get pid ${pid} within ${TIMEOUT_MS} ms (its holder: ${holder}). Begin again with another pid.`,
  );
}

function reused(pid: number): ReusedPid {
  const identity = { pid, startTicks: readStat(pid)?.startTicks ?? 0 };
  return { ...identity, isAlive: () => isAlive(identity), stop: () => endProcess(identity, 0).then(() => undefined) };
}
