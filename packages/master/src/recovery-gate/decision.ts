import type { Abnormal, Condition, GateVerdict, Grant } from '@kdr/api-types';
import { type Gate, type GateAnswer, type GateInput, deny } from './gate.ts';
import { GATES } from './gates.ts';

/** The gates' answer as a whole, and when time alone may change it. */
export interface Decision {
  grant: Grant;
  againInMs?: number;
}

/** A gate that can't be evaluated denies. */
function ask(gate: Gate, input: GateInput): GateAnswer {
  try {
    return gate.ask(input);
  } catch (error) {
    return deny('GateFailed', `gate ${gate.name} could not be evaluated: ${(error as Error).message}`);
  }
}

/** Asks every gate about one proposal. */
export function decide(input: GateInput, gates: readonly Gate[] = GATES): Decision {
  const answers = gates.map((gate) => ({ gate: gate.name, ...ask(gate, input) }));
  const trace: GateVerdict[] = answers.map(({ gate, verdict, reason, message }) => ({
    gate,
    verdict,
    reason,
    message: message?.slice(0, 1024),
  }));
  const decidedAt = new Date(input.now).toISOString();
  const base = { proposalId: input.proposal.id, trace, decidedAt, policy: input.policy.policy };
  const against = answers.find((one) => one.verdict === 'Deny') ?? answers.find((one) => one.verdict === 'Wait');
  if (against === undefined) {
    const approver = input.approval?.spec.approver;
    const expiresAt = new Date(input.now + input.policy.grantSeconds * 1000).toISOString();
    return {
      grant: {
        ...base,
        decision: 'Granted',
        reason: approver === undefined ? 'Granted' : 'Approved',
        expiresAt,
        ...(approver === undefined ? {} : { approvedBy: approver }),
      },
    };
  }
  if (against.verdict === 'Deny') return { grant: { ...base, decision: 'Denied', reason: against.reason } };
  const before = input.abnormal.status?.recovery?.grant;
  const withdrawn = before?.proposalId === input.proposal.id && (before.decision === 'Granted' || before.decision === 'Withdrawn');
  const times = answers.flatMap((one) => (one.verdict === 'Wait' && one.againInMs !== undefined ? [one.againInMs] : []));
  return {
    grant: { ...base, decision: withdrawn ? 'Withdrawn' : 'Waiting', reason: against.reason },
    againInMs: times.length > 0 ? Math.max(250, Math.min(...times)) : undefined,
  };
}

/** The condition that says the same as a grant. */
export function grantCondition(grant: Grant, before: Condition | undefined, generation: number | undefined): Condition {
  const status = grant.decision === 'Granted' ? 'True' : grant.decision === 'Denied' ? 'False' : 'Unknown';
  const message = grant.trace.find((one) => one.reason === grant.reason)?.message;
  return {
    type: 'RecoveryGranted',
    status,
    reason: grant.reason,
    message: message ?? '',
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : grant.decidedAt,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

/** Whether a new decision says anything that the recorded one does not: times alone do not count, but a renewed grant does. */
export function saysMore(next: Grant, recorded: Abnormal['status']): boolean {
  const old = recorded?.recovery?.grant;
  if (old === undefined || old.proposalId !== next.proposalId || old.decision !== next.decision || old.reason !== next.reason) return true;
  return next.decision === 'Granted' && Date.parse(old.expiresAt ?? '') <= Date.parse(next.decidedAt);
}
