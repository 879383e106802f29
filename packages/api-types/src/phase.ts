/** Phases of an Abnormal. Exactly these (R17); no phase yet means: created, not taken. */
export const PHASES = ['InformationCollecting', 'Diagnosing', 'Recovering', 'Succeeded', 'Failed'] as const;
export type Phase = (typeof PHASES)[number];

/** Condition types of an Abnormal. They are the record; the phase is computed from them. */
export const CONDITION_TYPES = ['InformationCollected', 'Identified', 'RecoveryGranted', 'Recovered'] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];
