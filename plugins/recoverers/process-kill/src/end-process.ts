import { type ProcessIdentity, type Procfs, type SignalFence, type SignalName, waitForExit } from '@kdr/linux';
import type { ActAnswer } from '@kdr/plugin-sdk';

/** How a process is ended. */
export interface Ending {
  graceSeconds: number;
  /** KILL after the grace. */
  forceKill: boolean;
}

type Actions = Extract<ActAnswer, { outcome: 'Acted' }>['actions'];
const KILL_TAKES_MS = 5000;

/** TERM, a grace, then KILL where that is wanted and it is still the same process. Says what was sent. */
export async function endProcess(
  procfs: Procfs,
  fence: SignalFence,
  identity: ProcessIdentity,
  { graceSeconds, forceKill }: Ending,
  signal: AbortSignal,
): Promise<ActAnswer> {
  const actions: Actions = [];
  const send = (name: SignalName, action: string) => {
    const sent = fence.signal({ identity, signal: name });
    if (sent.outcome === 'Signalled') {
      actions.push({ action, description: `${name} to process ${identity.pid}`, at: new Date().toISOString() });
    }
    return sent;
  };
  const settle = async (milliseconds: number) => {
    // The caller has gone when this aborts; what was sent stays sent, and the record says so.
    const seen = await waitForExit(procfs, identity, milliseconds, signal).catch(() => ({ outcome: 'StillRunning' as const }));
    const last = actions.at(-1);
    if (last) last.description += seen.outcome === 'Exited' ? '; it ended' : '; it still runs';
    return seen.outcome === 'Exited';
  };

  const sent = send('SIGTERM', 'TerminateProcess');
  if (sent.outcome === 'TargetGone') return { outcome: 'TargetGone', reason: sent.reason };
  if (sent.outcome === 'Refused') return { outcome: 'NotApplicable', reason: `${sent.code}: ${sent.reason}` };
  if ((await settle(graceSeconds * 1000)) || !forceKill || signal.aborted) return { outcome: 'Acted', actions };
  if (send('SIGKILL', 'KillProcess').outcome === 'Signalled') await settle(KILL_TAKES_MS);
  return { outcome: 'Acted', actions };
}
