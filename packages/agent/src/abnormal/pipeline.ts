import type { Abnormal, ConditionType, Phase } from '@kdr/api-types';
import type { DiagnoserChain } from '../diagnosis/diagnoser-chain.ts';
import type { InformationManager } from '../information/information-manager.ts';
import type { RecovererChain } from '../recovery/recoverer-chain.ts';
import type { Change } from './change.ts';
import type { Work } from './work.ts';

/**
 * What a stage did. `change`: this is to be written (`after` is called when it is), and then the next stage or step begins at once. `written`: it has written itself; go on
 * with this. `wait`: nothing to do before something happens, or the time has come. `again`: out of time or told to stop; look again.
 */
export type StageResult =
  | { change: Change; after?: (written: Abnormal) => Promise<void> }
  | { written: Abnormal }
  | { waitMs: number | undefined }
  | { again: true };

/** One row of the pipeline. */
export interface Stage {
  order: number;
  phase: Phase;
  run: (work: Work) => Promise<StageResult>;
  onSuccess: ConditionType;
  onFailure: 'Failed';
}

interface Stages {
  information: InformationManager;
  diagnosis: DiagnoserChain;
  recovery: RecovererChain;
}

/** How an Abnormal goes through the house. Succeeded and Failed have no row: nobody works on them. */
export function createPipeline({ information, diagnosis, recovery }: Stages): readonly Stage[] {
  return [
    // order, phase on entry, run by, condition on success, on failure
    { order: 1, phase: 'InformationCollecting', run: information.collectStage, onSuccess: 'InformationCollected', onFailure: 'Failed' },
    { order: 2, phase: 'Diagnosing', run: diagnosis.diagnoseStage, onSuccess: 'Identified', onFailure: 'Failed' },
    { order: 3, phase: 'Recovering', run: recovery.recoverStage, onSuccess: 'Recovered', onFailure: 'Failed' },
  ];
}
