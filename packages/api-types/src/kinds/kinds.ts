import type { KindDefinition } from '../meta.ts';
import { ABNORMAL } from './abnormal.ts';
import { ABNORMAL_SOURCE } from './abnormal-source.ts';
import { DEAD_LETTER } from './dead-letter.ts';
import { RECOVERY_APPROVAL } from './recovery-approval.ts';
import { RECOVERY_HOLD } from './recovery-hold.ts';
import { RECOVERY_POLICY } from './recovery-policy.ts';
import { DIAGNOSER, INFORMATION_COLLECTOR, RECOVERER } from './registration.ts';
import { GROUP, VERSION } from '../group.ts';

/** Every kind of KDR. */
export const KINDS: readonly KindDefinition[] = [
  ABNORMAL,
  INFORMATION_COLLECTOR,
  DIAGNOSER,
  RECOVERER,
  ABNORMAL_SOURCE,
  RECOVERY_POLICY,
  RECOVERY_APPROVAL,
  RECOVERY_HOLD,
  DEAD_LETTER,
];

/** How a kind is reached over the Kubernetes API. */
export function resourceOf(kind: KindDefinition) {
  return { group: GROUP, version: VERSION, plural: kind.plural, kind: kind.kind, namespaced: kind.scope === 'Namespaced' };
}

/** The resources, by kind. */
export const RESOURCES = {
  Abnormal: resourceOf(ABNORMAL),
  InformationCollector: resourceOf(INFORMATION_COLLECTOR),
  Diagnoser: resourceOf(DIAGNOSER),
  Recoverer: resourceOf(RECOVERER),
  AbnormalSource: resourceOf(ABNORMAL_SOURCE),
  RecoveryPolicy: resourceOf(RECOVERY_POLICY),
  RecoveryApproval: resourceOf(RECOVERY_APPROVAL),
  RecoveryHold: resourceOf(RECOVERY_HOLD),
  DeadLetter: resourceOf(DEAD_LETTER),
} as const;
