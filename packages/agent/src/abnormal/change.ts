import type { Abnormal, AbnormalStatus, Condition, ConditionType, Phase, Reason } from '@kdr/api-types';

/** What a stage wants to be written. */
export interface Change {
  /** The phase in which it was decided. If the Abnormal is in another one by now, the change is void. */
  phase: Phase | undefined;
  /** A pure function of the status as it is at the moment of the write; undefined: void. */
  apply: (status: AbnormalStatus, now: string) => AbnormalStatus | undefined;
  /** Besides the phase, what must still be so of the Abnormal. */
  when?: (abnormal: Abnormal) => boolean;
  /** The stage is over. */
  verdict?: Verdict;
}

/** How a stage ended: becomes a condition, `status.reason` and `status.message`. */
export interface Verdict {
  type: ConditionType;
  status: 'True' | 'False';
  reason: Reason;
  message: string;
}

/** Condition that records the end of each stage (R17). */
export const STAGE_CONDITION = {
  InformationCollecting: 'InformationCollected',
  Diagnosing: 'Identified',
  Recovering: 'Recovered',
} as const;
export type StagePhase = keyof typeof STAGE_CONDITION;

const unchanged: Change['apply'] = (status) => status;

/** The stage did its work; `apply` adds what it found. */
export function succeeded(phase: StagePhase, reason: Reason, message: string, apply: Change['apply'] = unchanged): Change {
  return { phase, apply, verdict: { type: STAGE_CONDITION[phase], status: 'True', reason, message } };
}

/** The stage failed, and the Abnormal with it. */
export function failed(phase: StagePhase, reason: Reason, message: string, apply: Change['apply'] = unchanged): Change {
  return { phase, apply, verdict: { type: STAGE_CONDITION[phase], status: 'False', reason, message } };
}

/** Something is recorded, and the stage goes on. */
export function recorded(phase: StagePhase, apply: Change['apply']): Change {
  return { phase, apply };
}

/** The two one after the other. */
export function both(first: Change['apply'], second: Change['apply']): Change['apply'] {
  return (status, now) => {
    const between = first(status, now);
    return between && second(between, now);
  };
}

const MAX_MESSAGE = 2048;

/** A verdict as a condition; `lastTransitionTime` moves only with `status`. */
export function withCondition(
  conditions: readonly Condition[],
  verdict: Verdict,
  now: string,
  generation: number | undefined,
): Condition[] {
  const before = conditions.find(({ type }) => type === verdict.type);
  const condition: Condition = {
    type: verdict.type,
    status: verdict.status,
    reason: verdict.reason,
    message: clip(verdict.message, MAX_MESSAGE),
    lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : now,
    ...(generation !== undefined && { observedGeneration: generation }),
  };
  return [...conditions.filter(({ type }) => type !== verdict.type), condition];
}

/** Cuts text to the length that the schema allows. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
