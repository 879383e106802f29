import type { Diagnosis, RecoveryAttempt } from '@kdr/api-types';
import type { Work } from '../abnormal/work.ts';
import type { PluginCaller } from '../plugins/plugin-caller.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';

/** Asks whether an attempt was done, after a crash or an Act without a clear answer. @returns the attempt with its outcome. */
export type Probe = (work: Work, diagnosis: Diagnosis, attempt: RecoveryAttempt, why: string) => Promise<RecoveryAttempt>;

/** A plugin that has just been restarted needs a moment to be there again. */
const PATIENCE_MS = 30_000;

/**
 * Done counts as Acted. Only NotDone allows another attempt. Everything else (Unknown, no answer, even TargetGone: it does not tell who ended it)
 * is Unknown, and nothing is tried again.
 */
export function createProbe({ registry, caller }: { registry: PluginRegistry; caller: PluginCaller }): Probe {
  return async (work, diagnosis, attempt, why) => {
    const plugin = registry.get('Recoverer', attempt.recoverer);
    const ended = (outcome: RecoveryAttempt['outcome'], reason: string): RecoveryAttempt => ({
      ...attempt,
      outcome,
      reason: `${why}; ${reason}`.slice(0, 1024),
      doneAt: new Date().toISOString(),
    });
    if (!plugin) return ended('Unknown', `recoverer ${attempt.recoverer} is not registered any more`);
    work.allow(PATIENCE_MS + plugin.timeoutMs);
    const about = { information: {}, attemptId: attempt.id, patienceMs: PATIENCE_MS };
    const answer = await caller.recover(work, plugin, 'Probe', { ...diagnosis, target: attempt.target }, about);
    const reason = ('reason' in answer && answer.reason) || `the probe answered ${answer.outcome}`;
    if (answer.outcome === 'Done') return ended('Acted', `a probe found it done: ${reason}`);
    if (answer.outcome === 'NotDone') return ended('NotDone', `a probe found it not done: ${reason}`);
    return ended('Unknown', `the probe answered ${answer.outcome}: ${reason}`);
  };
}
