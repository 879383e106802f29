import type { AbnormalStatus, DiagnosisAttempt } from '@kdr/api-types';
import type { Refusal } from '../chain.ts';

/** What the schema of the status allows. */
const MAX_ATTEMPTS = 32;
const OUTCOMES = { no: 'NotIdentified', failed: 'Failed', passedOver: 'PassedOver' } as const;

/** Adds the diagnosers that did not identify it, each with its reason. */
export function withRefusals(status: AbnormalStatus, refusals: readonly Refusal<{ name: string }>[], now: string): AbnormalStatus {
  const attempts = refusals.map(({ candidate, said, reason }): DiagnosisAttempt => {
    return { diagnoser: candidate.name, outcome: OUTCOMES[said], reason: reason.slice(0, 1024), finishedAt: now };
  });
  return withDiagnosisAttempts(status, attempts);
}

export function withDiagnosisAttempts(status: AbnormalStatus, attempts: readonly DiagnosisAttempt[]): AbnormalStatus {
  if (attempts.length === 0) return status;
  return { ...status, diagnosisAttempts: [...(status.diagnosisAttempts ?? []), ...attempts].slice(-MAX_ATTEMPTS) };
}
