import type { AbnormalStatus, Proposal, Reason, RecoveryAttempt } from '@kdr/api-types';
import { isReason } from '@kdr/api-types';

/** `status.recovery`. */
export type Recovery = NonNullable<AbnormalStatus['recovery']>;

/** What comes next inside phase Recovering. */
export type RecoveryStep =
  /** Ask the recoverers that are left for a plan. */
  | { step: 'propose' }
  /** The master has not answered the proposal, or its grant lapsed: wait, but not for ever. `since`: when the waiting began. */
  | { step: 'awaitMaster'; since: string }
  /** The master has answered: a person, a window, a hold. That may last. */
  | { step: 'awaitGrant' }
  /** The gate refused for good. `next`: it spoke of this recoverer's plan, so another one may still be asked. */
  | { step: 'refused'; reason: Reason; message: string; next: boolean }
  /** Granted: confirm, write the intent, act. */
  | { step: 'act' }
  /** An intent has no end: ask whether it was done. */
  | { step: 'probe'; attempt: RecoveryAttempt }
  /** The journal knows an attempt, or its end, that the API server lacks: write it there. */
  | { step: 'adopt'; attempt: RecoveryAttempt }
  /** An attempt is done: look whether the fault is gone. */
  | { step: 'verify'; attempt: RecoveryAttempt }
  /** It is gone so far; look again when the soak is over. */
  | { step: 'soak'; until: string }
  | { step: 'fail'; reason: Reason; message: string };

/** Reasons of the gate that are about one recoverer's plan and not about the Abnormal. */
const ABOUT_THE_PLAN: readonly string[] = ['PermitMissing', 'TargetDenied'];
/** Bound of `attempts[]` in the schema. */
const MAX_ATTEMPTS = 16;

/**
 * The next step of a recovery: a pure function of what is written in the API and in the node's journal, so that any process can go on after
 * any crash.
 *
 * @param journalled attempts of this Abnormal that the journal holds open; united with those of the status.
 * @param grantIsValid whether the grant has not lapsed by now.
 * @param now milliseconds of the wall clock, for the end of the soak.
 */
export function nextRecoveryStep(
  recovery: Recovery | undefined,
  journalled: readonly RecoveryAttempt[],
  grantIsValid: boolean,
  now: number,
): RecoveryStep {
  const attempts = recovery?.attempts ?? [];
  const missing = journalled.find((mine) => attempts.every(({ id, outcome }) => id !== mine.id || (!outcome && mine.outcome)));
  if (missing) return { step: 'adopt', attempt: missing };
  const open = attempts.find(({ outcome }) => outcome === undefined);
  if (open) return { step: 'probe', attempt: open };
  const unknown = attempts.find(({ outcome }) => outcome === 'Unknown');
  if (unknown) return { step: 'fail', reason: 'EffectUnknown', message: effectUnknown(unknown) };
  const last = attempts.at(-1);
  if (last && needsVerification(last)) return verification(recovery, last, now);
  if (last?.outcome === 'TargetGone') {
    return {
      step: 'fail',
      reason: 'TargetGone',
      message: `The target no longer exists, but the fault is still there. ${last.reason ?? ''}`.trim(),
    };
  }
  return afterAttempts(recovery, grantIsValid);
}

/** Said in the status of an attempt whose effect nobody knows. */
export function effectUnknown(attempt: RecoveryAttempt): string {
  return `It can't be told whether ${attempt.recoverer} did attempt ${attempt.id}; it is not tried again. ${attempt.reason ?? ''}`.trim();
}

function needsVerification({ outcome, verified }: RecoveryAttempt): boolean {
  return (outcome === 'Acted' || outcome === 'TargetGone') && verified === undefined;
}

function verification(recovery: Recovery | undefined, attempt: RecoveryAttempt, now: number): RecoveryStep {
  const seen = recovery?.verification;
  if (seen?.attemptId !== attempt.id || seen.soakUntil === undefined || Date.parse(seen.soakUntil) <= now)
    return { step: 'verify', attempt };
  return { step: 'soak', until: seen.soakUntil };
}

function afterAttempts(recovery: Recovery | undefined, grantIsValid: boolean): RecoveryStep {
  const proposal = recovery?.proposal;
  if (!proposal || isSpent(recovery, proposal)) {
    const count = recovery?.attempts?.length ?? 0;
    return count < MAX_ATTEMPTS
      ? { step: 'propose' }
      : { step: 'fail', reason: 'RecoverersFailed', message: `${count} attempts were made.` };
  }
  const grant = recovery.grant;
  if (grant?.proposalId !== proposal.id) return { step: 'awaitMaster', since: proposal.proposedAt };
  if (grant.decision === 'Denied') return refusal(grant);
  if (grant.decision !== 'Granted') return { step: 'awaitGrant' };
  return grantIsValid ? { step: 'act' } : { step: 'awaitMaster', since: grant.expiresAt ?? grant.decidedAt };
}

/** A proposal is used up by an attempt with an end, or by passing its recoverer over. One that a probe found not done leaves it standing. */
function isSpent({ attempts, passedOver }: Recovery, { id, recoverer }: Proposal): boolean {
  if (passedOver?.some((entry) => entry.recoverer === recoverer)) return true;
  return attempts?.some(({ proposalId, outcome }) => proposalId === id && outcome !== 'NotDone') ?? false;
}

function refusal(grant: NonNullable<Recovery['grant']>): RecoveryStep {
  const reason: Reason = isReason(grant.reason) ? grant.reason : 'GateFailed';
  const why = grant.trace.findLast(({ verdict }) => verdict === 'Deny');
  const message = why ? `Gate ${why.gate}: ${why.message ?? why.reason}` : `The recovery gate refused: ${grant.reason}.`;
  return { step: 'refused', reason, message, next: ABOUT_THE_PLAN.includes(grant.reason) };
}

/** Whether nothing has been begun that must be brought to its end: a deadline or a cancellation may stop it here. */
export function mayStop(recovery: Recovery | undefined): boolean {
  return !recovery?.attempts?.some((attempt) => attempt.outcome === undefined || needsVerification(attempt));
}

/** Recoverers that have had their turn: they are not asked again for this diagnosis. */
export function spentRecoverers(recovery: Recovery | undefined): Set<string> {
  const acted = recovery?.attempts?.filter(({ outcome }) => outcome !== undefined && outcome !== 'NotDone') ?? [];
  return new Set([...acted, ...(recovery?.passedOver ?? [])].map(({ recoverer }) => recoverer));
}

/** Why a recovery ends when no recoverer is left. */
export function exhaustedReason(recovery: Recovery | undefined): Reason {
  const attempts = recovery?.attempts ?? [];
  const passedOver = recovery?.passedOver ?? [];
  if (attempts.some(({ outcome }) => outcome === 'Acted')) return 'NotVerified';
  if (passedOver.some(({ outcome }) => outcome === 'TargetGone')) return 'TargetGone';
  const denied = passedOver.findLast(({ outcome }) => ABOUT_THE_PLAN.includes(outcome))?.outcome;
  if (denied !== undefined && isReason(denied)) return denied;
  if (attempts.some(({ outcome }) => outcome === 'Failed') || passedOver.some(({ outcome }) => outcome === 'Failed'))
    return 'RecoverersFailed';
  return 'NoRecovererLeft';
}
