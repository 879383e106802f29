/**
 * Why an Abnormal is where it is: the value of `status.reason` and of the conditions' `reason`. One list, the same as in docs/reasons.md
 * (generated). The text says what it means for the reader and what to do next.
 */
export const REASONS = {
  // InformationCollected
  Collected: 'Every required collector answered.',
  NothingRequired: 'No collector was required.',
  CollectorAbsent: 'A collector that the spec requires is not registered or not ready on the node: `kdr plugins`.',
  CollectorFailed: 'A collector that the spec requires answered Failed or NotApplicable, or broke the protocol.',
  CollectorTimedOut: 'A collector that the spec requires did not answer in time.',
  NoDiagnoserLeft: 'Diagnosers match, but each one was passed over: not ready, or collectors that it requires gave nothing.',
  // Identified
  Identified: 'A diagnoser identified the fault.',
  NotIdentified: 'Every diagnoser that was asked looked and said no; their reasons are in status.diagnosisAttempts.',
  DiagnosersFailed: 'None identified it, and at least one could not look.',
  // RecoveryGranted
  Granted: 'Every gate allowed it.',
  Approved: 'A person approved it, and every other gate allowed it.',
  ApprovalRequired: 'The policy wants a person: `kdr approve NAME`.',
  ApprovalDenied: 'A person said no.',
  ApprovalExpired: 'Nobody decided in time.',
  ObserveOnly: 'The policy says Observe, or no policy matches: nothing is repaired.',
  ConfidenceTooLow: 'The policy is Auto, which needs a diagnosis of high confidence: a person may approve it.',
  Held: 'A RecoveryHold covers it: `kdr holds`, `kdr release NAME`.',
  TargetDenied: 'The target may never be acted on, or its identity is incomplete.',
  PermitMissing: 'The plan needs a permit that the policy does not give (policy.spec.permits).',
  CoolingDown: 'The same target was acted on a short time ago.',
  LoopBreakerOpen: 'This target or fault was acted on too often in the window: a person must look.',
  GateFailed: 'A gate could not be evaluated, and so denies.',
  // Recovered
  Recovered: 'A recoverer acted, and the diagnoser no longer finds the fault.',
  HealedItself: 'Right before acting the fault was gone: nothing was done.',
  NoRecovererLeft: 'No recoverer matches, or each one was passed over or said no.',
  RecoverersFailed: 'Every recoverer that was asked failed.',
  TargetGone: 'The target no longer exists, but the fault is still there.',
  NotVerified: 'A recoverer acted, but the fault is still there or could not be looked for.',
  DiagnosisChanged: 'Right before acting the diagnosis was another one, twice.',
  ConfirmFailed: 'Right before acting the diagnoser could not look: nothing was done.',
  EffectUnknown: 'It can’t be told whether the action happened (crash, broken connection). It is never tried again: look at the node.',
  GateUnavailable: 'The master did not answer a proposal in time.',
  // any
  TimedOut: 'A deadline passed.',
  Cancelled: 'spec.cancel was set before anything acted.',
  Unassigned: 'No agent could be found for it in time.',
  AgentUnavailable: 'The agent of its node does not answer, and nothing had acted.',
  InvalidSpec: 'The agent can’t work with the spec: the message names the field.',
} as const;
export type Reason = keyof typeof REASONS;

/** Whether a text is one of KDR's own reasons. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}
