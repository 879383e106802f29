import { isAlive, type ProcessIdentity } from './proc.ts';
import { becomesTrue } from './waiting.ts';

/** Sends `signal` if exactly this process is still there; false when it is not. */
export function signalExactly(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** TERM, then KILL after `graceMs` (0: KILL at once); true when the process is gone or a zombie within another 5 s. */
export async function endProcess(identity: ProcessIdentity, graceMs = 2000): Promise<boolean> {
  const gone = () => !isAlive(identity);
  if (graceMs > 0) {
    signalExactly(identity, 'SIGTERM');
    if (await becomesTrue(gone, graceMs, 50)) return true;
  }
  signalExactly(identity, 'SIGKILL');
  return becomesTrue(gone, 5000, 50);
}
