import type { Diagnosis } from '@kdr/api-types';
import { sameTarget, targetKey } from '@kdr/api-types';
import type { Clock } from '@kdr/controller-runtime';
import type { Work } from '../abnormal/work.ts';
import type { DiagnoserAnswer, DiagnoserAsker } from '../diagnosis/ask-diagnoser.ts';
import { diagnosisOf } from '../diagnosis/diagnoser-chain.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';

/** Whether the fault is still the one that was diagnosed. */
export type Confirmation =
  { says: 'same' } | { says: 'healed'; reason: string } | { says: 'changed'; diagnosis: Diagnosis } | { says: 'failed'; reason: string };

/** Asks the diagnoser of a diagnosis again, with fresh information, right before acting. */
export type Confirm = (work: Work, diagnosis: Diagnosis) => Promise<Confirmation>;

export function createConfirm({ registry, asker, clock }: { registry: PluginRegistry; asker: DiagnoserAsker; clock: Clock }): Confirm {
  return async (work, diagnosis) => {
    const plugin = registry.get('Diagnoser', diagnosis.diagnoser);
    if (!plugin) return { says: 'failed', reason: `diagnoser ${diagnosis.diagnoser} is not registered any more` };
    return confirmation(diagnosis, await asker.askFresh(work, plugin, 'Confirm'), clock.date());
  };
}

/** Compares an answer with the diagnosis. Pure. Only NotIdentified heals: who could not look says nothing about the fault. */
export function confirmation(diagnosis: Diagnosis, answer: DiagnoserAnswer, now: Date): Confirmation {
  if (answer.outcome === 'NotIdentified') return { says: 'healed', reason: answer.reason };
  if (answer.outcome !== 'Identified') return { says: 'failed', reason: answer.reason };
  if (answer.cause === diagnosis.cause && sameTarget(answer.target, diagnosis.target)) return { says: 'same' };
  if (targetKey(answer.target) === undefined) return { says: 'failed', reason: 'its target carries no identity' };
  return { says: 'changed', diagnosis: diagnosisOf(diagnosis.diagnoser, answer, now) };
}
