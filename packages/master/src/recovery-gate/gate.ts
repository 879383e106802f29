import type { Abnormal, Diagnosis, GateVerdict, Proposal, RecoveryApproval, RecoveryHold } from '@kdr/api-types';
import type { PolicyDecision } from '@kdr/api-types/match';
import type { LedgerEntry, Recent } from './ledger.ts';

/** Everything that a gate may look at. No gate does I/O. */
export interface GateInput {
  abnormal: Abnormal;
  diagnosis: Diagnosis;
  proposal: Proposal;
  policy: PolicyDecision;
  holds: readonly RecoveryHold[];
  /** What was done to this target, and what others may do to it any moment. */
  onTarget: readonly LedgerEntry[];
  /** Attempts for this cause on this node in the policy's window, and unused grants of others. */
  recent: Recent;
  /** The newest word about this proposal that still counts. */
  approval: RecoveryApproval | undefined;
  now: number;
}

/** Allow; Deny: for good; Wait: may become Allow by itself or by a person. */
export type GateAnswer = Pick<GateVerdict, 'verdict' | 'reason' | 'message'> & {
  /** When time alone may change the answer: look again after that many milliseconds. */
  againInMs?: number;
};

/** One named, pure question about a proposal. */
export interface Gate {
  name: string;
  ask(input: GateInput): GateAnswer;
}

export const allow = (message: string, reason = 'Allowed'): GateAnswer => ({ verdict: 'Allow', reason, message });
export const deny = (reason: string, message: string): GateAnswer => ({ verdict: 'Deny', reason, message });
export const wait = (reason: string, message: string, againInMs?: number): GateAnswer => ({ verdict: 'Wait', reason, message, againInMs });
