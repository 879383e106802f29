import type { AbnormalStatus, Diagnosis, PassedOver, Proposal, RecoveryAttempt, Verification } from '@kdr/api-types';

/** What the schema of the status allows. */
const MAX_PASSED_OVER = 16;

/** The status with another `recovery`; the master's part of it stays. */
function withRecovery(status: AbnormalStatus, change: Partial<NonNullable<AbnormalStatus['recovery']>>): AbnormalStatus {
  return { ...status, recovery: { ...status.recovery, ...change } };
}

export function withProposal(status: AbnormalStatus, proposal: Proposal): AbnormalStatus {
  return withRecovery(status, { proposal });
}

export function withPassedOver(status: AbnormalStatus, entries: readonly PassedOver[]): AbnormalStatus {
  if (entries.length === 0) return status;
  const names = new Set(entries.map(({ recoverer }) => recoverer));
  const before = (status.recovery?.passedOver ?? []).filter(({ recoverer }) => !names.has(recoverer));
  const clipped = entries.map((entry) => ({ ...entry, reason: entry.reason.slice(0, 1024) }));
  return withRecovery(status, { passedOver: [...before, ...clipped].slice(-MAX_PASSED_OVER) });
}

/** Adds an attempt, or brings it up to date. */
export function withAttempt(status: AbnormalStatus, attempt: RecoveryAttempt): AbnormalStatus {
  const attempts = status.recovery?.attempts ?? [];
  const known = attempts.some(({ id }) => id === attempt.id);
  return withRecovery(status, {
    attempts: known ? attempts.map((each) => (each.id === attempt.id ? attempt : each)) : [...attempts, attempt],
  });
}

export function withVerification(status: AbnormalStatus, verification: Verification): AbnormalStatus {
  return withRecovery(status, { verification });
}

/** Right before acting the diagnosis was another one: it takes the place of the first, and the recoverers are asked anew. */
export function withOtherDiagnosis(status: AbnormalStatus, diagnosis: Diagnosis): AbnormalStatus {
  const { passedOver: _, ...recovery } = status.recovery ?? {};
  return { ...status, diagnosis, recovery: { ...recovery, diagnosisChanges: (recovery.diagnosisChanges ?? 0) + 1 } };
}
