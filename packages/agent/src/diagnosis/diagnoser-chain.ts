import type { Diagnosis, Identified } from '@kdr/api-types';
import { SCOPE_LABEL, targetKey } from '@kdr/api-types';
import type { Clock } from '@kdr/controller-runtime';
import { both, clip, failed, succeeded } from '../abnormal/change.ts';
import type { Change } from '../abnormal/change.ts';
import type { StageResult } from '../abnormal/stage-result.ts';
import type { Work } from '../abnormal/work.ts';
import { firstThatRecognises } from '../chain.ts';
import type { Refusal, Verdict } from '../chain.ts';
import type { ArtifactStore } from '../information/artifact-store.ts';
import type { Candidate, PluginRegistry } from '../plugins/plugin-registry.ts';
import type { RegisteredPlugin } from '../plugins/registered-plugin.ts';
import { untilReady } from '../plugins/until-ready.ts';
import type { DiagnoserAnswer, DiagnoserAsker } from './ask-diagnoser.ts';
import { withRefusals } from './diagnosis-attempts.ts';

/** The second stage: passes the Abnormal to the diagnosers, one after another (R12). */
export interface DiagnoserChain {
  diagnoseStage(work: Work): Promise<StageResult>;
}

interface ChainContext {
  registry: PluginRegistry;
  asker: DiagnoserAsker;
  artifacts: ArtifactStore;
  clock: Clock;
  /** What is written together with a diagnosis: the first proposal. */
  proposeWith: (work: Work, diagnosis: Diagnosis) => Promise<Change['apply']>;
}

/** @returns the chain. It has no diagnosis logic of its own. */
export function createDiagnoserChain({ registry, asker, artifacts, clock, proposeWith }: ChainContext): DiagnoserChain {
  const ask = async (work: Work, { plugin, problem }: Candidate): Promise<Verdict<Diagnosis>> => {
    if (!plugin) return { said: 'passedOver', outcome: 'PassedOver', reason: 'it is not registered' };
    if (problem) return { said: 'passedOver', outcome: 'PassedOver', reason: problem };
    await untilReady(work, plugin, clock);
    const answer = await asker.ask(work, plugin, 'Diagnose');
    if (answer.outcome === 'Identified') return identified(work, plugin, answer);
    return refused(answer);
  };

  const identified = async (work: Work, plugin: RegisteredPlugin, answer: Identified): Promise<Verdict<Diagnosis>> => {
    if (targetKey(answer.target) === undefined) {
      return { said: 'failed', outcome: 'Failed', reason: `its target is of kind ${answer.target.kind} but carries no identity of it` };
    }
    return { said: 'found', value: diagnosisOf(plugin.name, answer, clock.date(), await pull(work, plugin, answer)) };
  };

  const pull = async (work: Work, plugin: RegisteredPlugin, answer: Identified): Promise<Diagnosis['artifacts']> => {
    const pulled = await Promise.allSettled(
      (answer.artifacts ?? []).map((artifact) => artifacts.pull(plugin.client, artifact, work.signal)),
    );
    for (const each of pulled)
      if (each.status === 'rejected')
        work.logger.warn({ err: each.reason as unknown, diagnoser: plugin.name }, 'an artifact of the diagnosis was lost');
    return pulled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  };

  return {
    diagnoseStage: async (work) => {
      const candidates = registry.candidates('Diagnoser', work.abnormal);
      const mayGoOn = (): boolean => work.left() > 0 && !work.signal.aborted;
      const end = await firstThatRecognises(candidates, (candidate) => ask(work, candidate), mayGoOn);
      const keep: Change['apply'] = (status, now) => withRefusals(status, end.refusals, now);
      if (end.found) {
        const diagnosis = end.found.value;
        const propose = await proposeWith(work, diagnosis);
        const found = both(keep, (status) => ({ ...status, diagnosis }));
        return { change: succeeded('Diagnosing', 'Identified', `${diagnosis.diagnoser}: ${diagnosis.title}`, both(found, propose)) };
      }
      if (!mayGoOn()) return { again: true };
      if (end.refusals.length > 0) return { change: noDiagnosis(end.refusals, keep) };
      const homeless = work.abnormal.metadata.labels?.[SCOPE_LABEL] === 'cluster';
      return { change: failed('Diagnosing', 'NotIdentified', homeless ? NOBODY_ELSEWHERE : NOBODY, keep) };
    },
  };
}

const NOBODY = 'No diagnoser is registered that matches this Abnormal.';
const NOBODY_ELSEWHERE =
  'No diagnoser is registered that matches this Abnormal and can look from another node: those of scope node were not asked, since its own node, if it has one, has no agent that answers.';

/** The chain is through and nobody identified it: NotIdentified if everyone looked, else DiagnosersFailed. */
function noDiagnosis(refusals: readonly Refusal<Candidate>[], keep: Change['apply']): Change {
  const looked = refusals.every(({ said }) => said === 'no');
  const reasons = refusals.map(({ candidate, outcome, reason }) => `${candidate.name} ${outcome}: ${reason}`).join('; ');
  return failed('Diagnosing', looked ? 'NotIdentified' : 'DiagnosersFailed', reasons, keep);
}

function refused(answer: Exclude<DiagnoserAnswer, Identified>): Verdict<Diagnosis> {
  const said = { NotIdentified: 'no', Failed: 'failed', PassedOver: 'passedOver' } as const;
  return { said: said[answer.outcome], outcome: answer.outcome, reason: answer.reason };
}

/** A diagnosis as it is stored: the fields that are known, and who said it. */
export function diagnosisOf(diagnoser: string, answer: Identified, at: Date, artifacts?: Diagnosis['artifacts']): Diagnosis {
  const { cause, title, severity, confidence, evidence, target, recommendation } = answer;
  return {
    diagnoser,
    cause,
    title: clip(title, 256),
    severity,
    confidence,
    evidence,
    target,
    recommendation,
    ...(artifacts && artifacts.length > 0 && { artifacts }),
    identifiedAt: at.toISOString(),
  };
}
