import type { ConditionType, Phase } from '@kdr/api-types';
import type { DiagnoserChain } from '../diagnosis/diagnoser-chain.ts';
import type { InformationManager } from '../information/information-manager.ts';
import type { RecovererChain } from '../recovery/recoverer-chain.ts';
import type { StageResult } from './stage-result.ts';
import type { Work } from './work.ts';

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
