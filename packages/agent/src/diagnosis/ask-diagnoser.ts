import type { DiagnoseAnswer, Purpose } from '@kdr/api-types';
import type { Clock } from '@kdr/controller-runtime';
import type { Work } from '../abnormal/work.ts';
import type { InformationManager } from '../information/information-manager.ts';
import { collectedInformation } from '../information/collected-information.ts';
import { missingNeeds } from '../information/needed-collectors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Failure, InformationByCollector, PluginCaller } from '../plugins/plugin-caller.ts';
import type { RegisteredPlugin } from '../plugins/registered-plugin.ts';
import { untilReady } from '../plugins/until-ready.ts';
import type { PolicyView } from './policy-view.ts';

/** Not asked, and why. */
export interface PassedOverAnswer {
  outcome: 'PassedOver';
  reason: string;
}
export type DiagnoserAnswer = DiagnoseAnswer | Failure | PassedOverAnswer;

/** Asks one diagnoser, under the rules that hold for every purpose. */
export interface DiagnoserAsker {
  /** With what was collected before. `line`: plugins that asked on the way here. */
  ask(work: Work, plugin: RegisteredPlugin, purpose: Purpose, line?: readonly string[]): Promise<DiagnoserAnswer>;
  /** With what its collectors say now: Confirm and Verify must not look at old facts. */
  askFresh(work: Work, plugin: RegisteredPlugin, purpose: Purpose): Promise<DiagnoserAnswer>;
}

interface AskerContext {
  node: string;
  clock: Clock;
  caller: PluginCaller;
  information: InformationManager;
  policies: PolicyView;
  journal: Journal;
}

export function createDiagnoserAsker({ node, clock, caller, information, policies, journal }: AskerContext): DiagnoserAsker {
  const call = async (
    work: Work,
    plugin: RegisteredPlugin,
    purpose: Purpose,
    facts: InformationByCollector,
    line: readonly string[] = [],
  ): Promise<DiagnoserAnswer> => {
    const intrusive = plugin.manifest?.intrusive ?? [];
    if (intrusive.length > 0) {
      const decision = policies.decide(work.abnormal, node);
      if (decision.intrusiveDiagnosis !== 'Allow')
        return passedOver(`it is intrusive (${intrusive.join(', ')}), which ${whoDenies(decision.policy)}`);
      // On the disk before the target is touched: safety.md 1.4.
      const { namespace = '', name } = work.abnormal.metadata;
      await journal.intrusive({ uid: work.uid, namespace, name }, plugin.name, purpose);
    }
    return caller.diagnose(work, plugin, purpose, { information: facts, line });
  };
  return {
    ask: async (work, plugin, purpose, line) => {
      const state = plugin.readiness.now;
      if (!state.ready) return passedOver(`it is not ready: ${state.reason}`);
      const needs = plugin.manifest?.needs ?? [];
      const facts = await information.known(work, needs);
      const missing = missingNeeds(needs, (collector) => collector in facts);
      if (missing.length > 0) return passedOver(`collectors that it requires gave nothing: ${missing.join(', ')}`);
      return call(work, plugin, purpose, facts, line);
    },
    askFresh: async (work, plugin, purpose) => {
      await untilReady(work, plugin, clock);
      const needs = plugin.manifest?.needs ?? [];
      const used = new Set(
        [...needs, ...(work.abnormal.spec.informationCollectors ?? []).map(({ name }) => ({ collector: name }))].map(
          ({ collector }) => collector,
        ),
      );
      const again = used.size > 0 ? await information.collectAgain(work, [...used], plugin.name) : new Map<string, never>();
      const collected = [...again].flatMap(([collector, { answer, entry }]) =>
        answer.outcome === 'Collected'
          ? [[collector, { summary: answer.summary, data: answer.data, collectedAt: entry.finishedAt ?? '' }] as const]
          : [],
      );
      const facts = collectedInformation(collected);
      const missing = missingNeeds(needs, (collector) => collector in facts);
      if (missing.length > 0) return passedOver(`collectors that it requires gave nothing this time: ${missing.join(', ')}`);
      return call(work, plugin, purpose, facts);
    },
  };
}

function passedOver(reason: string): PassedOverAnswer {
  return { outcome: 'PassedOver', reason };
}

function whoDenies(policy: string | undefined): string {
  return policy === undefined ? 'no RecoveryPolicy allows' : `RecoveryPolicy ${policy} denies`;
}
