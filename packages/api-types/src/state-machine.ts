import type { ConditionType, Phase } from './phase.ts';
import type { Reason } from './reasons.ts';

/** Who may write a transition. */
export type Writer = 'agent' | 'master';

/** One legal step of an Abnormal. `condition` is what is recorded with it. */
export interface Transition {
  from: Phase | undefined;
  to: Phase;
  writer: Writer;
  condition?: { type: ConditionType; status: 'True' | 'False' };
  /** Undefined: any reason. */
  reasons?: readonly Reason[];
}

const ANY_TIME: readonly Reason[] = ['TimedOut', 'Cancelled', 'InvalidSpec'];
const BY_MASTER: readonly Reason[] = ['Unassigned', 'AgentUnavailable', 'EffectUnknown'];

/**
 * The state machine, whole (R17). Every other transition is refused: here, and by the API server through the CEL rules that are generated
 * from this table. A terminal phase never changes.
 */
export const TRANSITIONS: readonly Transition[] = [
  { from: undefined, to: 'InformationCollecting', writer: 'agent' },
  {
    from: 'InformationCollecting',
    to: 'Diagnosing',
    writer: 'agent',
    condition: { type: 'InformationCollected', status: 'True' },
    reasons: ['Collected', 'NothingRequired'],
  },
  {
    from: 'InformationCollecting',
    to: 'Failed',
    writer: 'agent',
    condition: { type: 'InformationCollected', status: 'False' },
    reasons: ['CollectorAbsent', 'CollectorFailed', 'CollectorTimedOut', 'NoDiagnoserLeft', ...ANY_TIME],
  },
  { from: 'Diagnosing', to: 'Recovering', writer: 'agent', condition: { type: 'Identified', status: 'True' }, reasons: ['Identified'] },
  {
    from: 'Diagnosing',
    to: 'Failed',
    writer: 'agent',
    condition: { type: 'Identified', status: 'False' },
    reasons: ['NotIdentified', 'DiagnosersFailed', ...ANY_TIME],
  },
  {
    from: 'Recovering',
    to: 'Succeeded',
    writer: 'agent',
    condition: { type: 'Recovered', status: 'True' },
    reasons: ['Recovered', 'HealedItself'],
  },
  { from: 'Recovering', to: 'Failed', writer: 'agent', condition: { type: 'Recovered', status: 'False' } },
  { from: undefined, to: 'Failed', writer: 'master', reasons: BY_MASTER },
  { from: 'InformationCollecting', to: 'Failed', writer: 'master', reasons: BY_MASTER },
  { from: 'Diagnosing', to: 'Failed', writer: 'master', reasons: BY_MASTER },
  { from: 'Recovering', to: 'Failed', writer: 'master', reasons: BY_MASTER },
];

/** Whether nothing follows any more. */
export function isTerminal(phase: Phase | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** The rule for a step, or undefined where it is not legal. Staying where one is isn't a step. */
export function transition(from: Phase | undefined, to: Phase, writer: Writer, reason?: Reason): Transition | undefined {
  return TRANSITIONS.find(
    (row) =>
      row.from === from &&
      row.to === to &&
      row.writer === writer &&
      (reason === undefined || row.reasons === undefined || row.reasons.includes(reason)),
  );
}

/** Phases that may follow `from`, whoever writes them. */
export function nextPhases(from: Phase | undefined): Phase[] {
  return [...new Set(TRANSITIONS.filter((row) => row.from === from).map((row) => row.to))];
}

interface Observed {
  conditions?: { type: string; status: 'True' | 'False' | 'Unknown' }[];
}

/**
 * The phase that the conditions tell, computed nowhere else. `taken` is false until the agent of the node has taken the Abnormal.
 * A failure that no condition names (cancellation before the first answer, say) is written as False of the stage in which it happened.
 */
export function phaseOf(status: Observed | undefined, taken: boolean): Phase | undefined {
  const is = (type: ConditionType, value: 'True' | 'False') =>
    status?.conditions?.some((c) => c.type === type && c.status === value) ?? false;
  if (is('InformationCollected', 'False') || is('Identified', 'False') || is('Recovered', 'False')) return 'Failed';
  if (is('Recovered', 'True')) return 'Succeeded';
  if (is('Identified', 'True')) return 'Recovering';
  if (is('InformationCollected', 'True')) return 'Diagnosing';
  return taken ? 'InformationCollecting' : undefined;
}
