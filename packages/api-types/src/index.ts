export {
  AGENT_FINALIZER,
  API_VERSION,
  CATEGORY,
  GROUP,
  NODE_LABEL,
  READY_PLUGINS_ANNOTATION,
  SCOPE_LABEL,
  SYSTEM_NAMESPACE,
  VERSION,
  agentLeaseName,
} from './group.ts';
export { type KdrObject, type KindDefinition, type ObjectMeta, Condition } from './meta.ts';
export { ContainerIdentity, NodeIdentity, PodIdentity, ProcessIdentity, TargetIdentity, sameTarget, targetKey } from './identity.ts';
export { CONDITION_TYPES, PHASES, type ConditionType, type Phase } from './phase.ts';
export { REASONS, type Reason, isReason } from './reasons.ts';
export { TRANSITIONS, type Transition, type Writer, isTerminal, nextPhases, phaseOf, transition } from './state-machine.ts';
export { ERROR_CODES, type ErrorCode, KdrError, codedAs } from './errors.ts';
export { readAnswer, shapeError } from './shape.ts';
export { AbnormalSpec, ContainerReference, ObjectReference, PodReference, ProcessReference, SourceType } from './kinds/abnormal-spec.ts';
export {
  AbnormalStatus,
  Action,
  ArtifactReference,
  Confidence,
  Diagnosis,
  DiagnosisAttempt,
  Evidence,
  GateVerdict,
  Grant,
  Information,
  PassedOver,
  PlannedAction,
  Proposal,
  Recommendation,
  RecoveryAttempt,
  Severity,
  Verification,
} from './kinds/abnormal-status.ts';
export { type Abnormal, ABNORMAL } from './kinds/abnormal.ts';
export {
  type Diagnoser,
  type InformationCollector,
  type ReadyPlugin,
  type Recoverer,
  type Registration,
  DIAGNOSER,
  Endpoint,
  INFORMATION_COLLECTOR,
  Match,
  RECOVERER,
  RecovererSpec,
  RegistrationSpec,
  RegistrationStatus,
} from './kinds/registration.ts';
export { type RecoveryPolicy, PolicyMatch, RECOVERY_POLICY, RecoveryMode, RecoveryPolicySpec } from './kinds/recovery-policy.ts';
export { type RecoveryApproval, RECOVERY_APPROVAL, RecoveryApprovalSpec } from './kinds/recovery-approval.ts';
export { type RecoveryHold, HoldScope, RECOVERY_HOLD, RecoveryHoldSpec } from './kinds/recovery-hold.ts';
export { type AbnormalSource, ABNORMAL_SOURCE, AbnormalSourceSpec } from './kinds/abnormal-source.ts';
export { type DeadLetter, DEAD_LETTER, DeadLetterSpec } from './kinds/dead-letter.ts';
export { KINDS, RESOURCES, resourceOf } from './kinds/kinds.ts';
export {
  Artifact,
  Callback,
  CollectedInformation,
  Envelope,
  Failed,
  LIMITS,
  NotApplicable,
  PROTOCOL,
  Problem,
  Role,
} from './protocol/envelope.ts';
export { Intrusive, Manifest, Need } from './protocol/manifest.ts';
export { REGISTERED_AS, registrationOf } from './protocol/registration-of.ts';
export { CollectAnswer, CollectRequest, Collected } from './protocol/collect.ts';
export { DiagnoseAnswer, DiagnoseRequest, Identified, NotIdentified, Purpose } from './protocol/diagnose.ts';
export {
  ActAnswer,
  Acted,
  Done,
  Mode,
  NotDone,
  PlanAnswer,
  Planned,
  type ProbeAnswer,
  ProbeAnswers,
  RecoverAnswer,
  RecoverRequest,
  TargetGone,
  Unknown,
} from './protocol/recover.ts';
export { CallbackCollect, CallbackDiagnose } from './protocol/callback.ts';
