import { randomUUID } from 'node:crypto';
import type { Diagnosis, Need, Planned, Proposal, RecoverAnswer } from '@kdr/api-types';
import type { Clock } from '@kdr/controller-runtime';
import type { Change } from '../abnormal/change.ts';
import type { Work } from '../abnormal/work.ts';
import { firstThatRecognises } from '../chain.ts';
import type { Refusal, Verdict } from '../chain.ts';
import type { InformationManager } from '../information/information-manager.ts';
import { whyPassedOver } from '../information/information-manager.ts';
import type { Failure, InformationByCollector, PluginCaller } from '../plugins/plugin-caller.ts';
import type { Candidate, PluginRegistry } from '../plugins/plugin-registry.ts';
import { requiredEvidence } from '../plugins/registered-plugin.ts';
import { untilReady } from '../plugins/until-ready.ts';
import type { Recovery } from './next-step.ts';
import { spentRecoverers } from './next-step.ts';
import { withPassedOver, withProposal } from './recovery-record.ts';

/** What came of asking the recoverers for a plan: what is to be written, and whether somebody has one. */
export interface Proposing {
  apply: Change['apply'];
  found: boolean;
}

/** Asks the recoverers that have not had their turn, one after another, what they would do; the first with a plan is proposed (R13). */
export type Propose = (work: Work, diagnosis: Diagnosis, recovery: Recovery | undefined) => Promise<Proposing>;

interface ProposeContext {
  registry: PluginRegistry;
  caller: PluginCaller;
  information: InformationManager;
  clock: Clock;
}

export function createPropose({ registry, caller, information, clock }: ProposeContext): Propose {
  /** What was collected already, and what this recoverer needs besides. */
  const gather = async (work: Work, name: string, needs: readonly Need[]): Promise<InformationByCollector> => {
    const facts = await information.known(work, needs);
    const lacking = needs.map(({ collector }) => collector).filter((collector) => !(collector in facts));
    for (const [collector, { answer, entry }] of await information.collectAgain(work, lacking, name)) {
      work.askedBack.information.push(entry);
      if (answer.outcome !== 'Collected') continue;
      facts[collector] = { summary: answer.summary, data: answer.data, collectedAt: entry.finishedAt ?? '' };
    }
    return facts;
  };

  const ask = async (work: Work, diagnosis: Diagnosis, { name, plugin, problem }: Candidate): Promise<Verdict<Planned>> => {
    if (!problem) await untilReady(work, plugin, clock);
    const needs = plugin?.manifest?.needs ?? [];
    const refused = whyPassedOver({ name, plugin, problem }, () => true);
    if (!plugin || refused) return { said: 'passedOver', outcome: plugin ? 'PassedOver' : 'Absent', reason: refused ?? '' };
    const facts = await gather(work, name, needs);
    const missing = whyPassedOver({ name, plugin }, (collector) => collector in facts);
    if (missing) return { said: 'passedOver', outcome: 'PassedOver', reason: missing };
    return planOf(await caller.recover(work, plugin, 'Plan', diagnosis, { information: facts }));
  };

  return async (work, diagnosis, recovery) => {
    const spent = spentRecoverers(recovery);
    const candidates = registry.candidates('Recoverer', work.abnormal).filter(({ name }) => !spent.has(name));
    const mayGoOn = (): boolean => work.left() > 0 && !work.signal.aborted;
    const end = await firstThatRecognises(candidates, (candidate) => ask(work, diagnosis, candidate), mayGoOn);
    const passed = end.refusals.map(passedOver);
    if (!end.found) return { found: false, apply: (status) => withPassedOver(status, passed) };
    const { candidate, value } = end.found;
    const proposal: Proposal = {
      id: randomUUID(),
      recoverer: candidate.name,
      target: diagnosis.target,
      plannedActions: value.actions,
      ...(candidate.plugin && requiredEvidence(candidate.plugin) && { evidence: requiredEvidence(candidate.plugin) }),
      proposedAt: clock.date().toISOString(),
    };
    return { found: true, apply: (status) => withProposal(withPassedOver(status, passed), proposal) };
  };
}

function planOf(answer: RecoverAnswer | Failure): Verdict<Planned> {
  if (answer.outcome === 'Planned') return { said: 'found', value: answer };
  // It was not asked, so it has not failed either.
  if ('code' in answer && answer.code === 'KDR_PLUGIN_UNREACHABLE')
    return { said: 'passedOver', outcome: 'PassedOver', reason: `it is not ready: ${answer.reason}` };
  const { outcome } = answer;
  const reason = 'reason' in answer && answer.reason ? answer.reason : `it answered ${outcome}`;
  return { said: outcome === 'NotApplicable' || outcome === 'TargetGone' ? 'no' : 'failed', outcome, reason };
}

function passedOver({ candidate, outcome, reason }: Refusal<Candidate>) {
  return { recoverer: candidate.name, outcome, reason };
}
