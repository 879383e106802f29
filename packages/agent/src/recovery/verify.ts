import type { Diagnosis } from '@kdr/api-types';
import { sleep } from '@kdr/controller-runtime';
import type { Clock } from '@kdr/controller-runtime';
import type { Work } from '../abnormal/work.ts';
import type { DiagnoserAnswer, DiagnoserAsker } from '../diagnosis/ask-diagnoser.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';

/** What a look after the act has shown. */
export interface Look {
  result: 'Gone' | 'StillThere' | 'NotVerified';
  message: string;
}

/**
 * Asks the same diagnoser whether the fault is gone.
 * @param settleMs an effect may take a moment: a look that still sees the fault is repeated within this time.
 */
export type Verify = (work: Work, diagnosis: Diagnosis, settleMs: number) => Promise<Look>;

const FIRST_PAUSE_MS = 200;

export function createVerify({ registry, asker, clock }: { registry: PluginRegistry; asker: DiagnoserAsker; clock: Clock }): Verify {
  const look = async (work: Work, diagnosis: Diagnosis): Promise<Look> => {
    const plugin = registry.get('Diagnoser', diagnosis.diagnoser);
    if (!plugin) return { result: 'NotVerified', message: `diagnoser ${diagnosis.diagnoser} is not registered any more` };
    return lookOf(await asker.askFresh(work, plugin, 'Verify'));
  };
  return async (work, diagnosis, settleMs) => {
    const until = clock.now() + settleMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const seen = await look(work, diagnosis);
      if (seen.result !== 'StillThere' || clock.now() + pauseMs > until || work.signal.aborted) return seen;
      await sleep(clock, pauseMs, work.signal);
    }
  };
}

/** Only NotIdentified means that it is gone; who could not look has not verified anything. */
export function lookOf(answer: DiagnoserAnswer): Look {
  if (answer.outcome === 'NotIdentified') return { result: 'Gone', message: answer.reason };
  if (answer.outcome === 'Identified') return { result: 'StillThere', message: answer.title };
  return { result: 'NotVerified', message: answer.reason };
}
