import type { Abnormal, Diagnosis, Proposal, RecoveryAttempt } from '@kdr/api-types';
import { RESOURCES, targetKey } from '@kdr/api-types';
import type { ApiClient, Clock } from '@kdr/controller-runtime';
import type { Procfs } from '@kdr/linux';
import { both, failed, recorded, succeeded } from '../abnormal/change.ts';
import type { StageResult } from '../abnormal/stage-result.ts';
import type { StatusWriter } from '../abnormal/status-writer.ts';
import type { Work } from '../abnormal/work.ts';
import type { TargetLocks } from '../locks/target-lock.ts';
import type { ActResult, PluginCaller } from '../plugins/plugin-caller.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';
import type { RegisteredPlugin } from '../plugins/registered-plugin.ts';
import { untilReady } from '../plugins/until-ready.ts';
import type { InformationManager } from '../information/information-manager.ts';
import { whyPassedOver } from '../information/information-manager.ts';
import { checkTarget } from './check-target.ts';
import type { Confirm, Confirmation } from './confirm.ts';
import type { IntentWriter } from './intent.ts';
import { planChange } from './plan-change.ts';
import type { Probe } from './probe.ts';
import type { Propose } from './propose.ts';
import { withOtherDiagnosis, withPassedOver } from './recovery-record.ts';

/** A granted proposal, carried out: target lock → live read → confirm → the agent's own look → the same plan → intent → act → its end. */
export type CarryOut = (work: Work, diagnosis: Diagnosis, proposal: Proposal) => Promise<StageResult>;

interface CarryOutContext {
  client: ApiClient;
  clock: Clock;
  procfs: Procfs;
  registry: PluginRegistry;
  caller: PluginCaller;
  information: InformationManager;
  writer: StatusWriter;
  locks: TargetLocks;
  confirm: Confirm;
  propose: Propose;
  probe: Probe;
  intents: IntentWriter;
  diagnosisMaxAgeMs: number;
  /** Whether this state, as it is on the server, still allows to act on this proposal. */
  allows: (abnormal: Abnormal, proposalId: string) => boolean;
  /** What follows an attempt that has an end: recorded, verified. */
  conclude: (work: Work, attempt: RecoveryAttempt) => Promise<StageResult>;
  /** Has the Abnormal looked at again. */
  wake: (abnormal: Abnormal) => void;
}

export function createCarryOut(context: CarryOutContext): CarryOut {
  const { client, clock, procfs, registry, caller, information, writer, locks, confirm, propose, probe, intents, allows } = context;

  const locked = async (work: Work, diagnosis: Diagnosis, proposal: Proposal, plugin: RegisteredPlugin): Promise<StageResult> => {
    work.abnormal = await live(work);
    if (!allows(work.abnormal, proposal.id)) return { written: work.abnormal };
    const release = await caller.turn(work, plugin);
    try {
      const confirmedAt = clock.now();
      const confirmation = await confirm(work, diagnosis);
      if (confirmation.says !== 'same') {
        // Whoever plans anew waits for a turn of its own, which may be this one.
        release();
        return await otherwise(work, confirmation);
      }
      const check = checkTarget(procfs, proposal.target);
      if (check.sees === 'denied') return { change: failed('Recovering', 'TargetDenied', check.reason) };
      if (check.sees === 'gone')
        return { change: failed('Recovering', 'TargetGone', `The fault is there, but not its target: ${check.reason}`) };
      if (work.left() <= 0 || work.signal.aborted || clock.now() - confirmedAt > context.diagnosisMaxAgeMs) return { again: true };
      const facts = await information.known(work, plugin.manifest?.needs ?? []);
      const plan = await caller.recover(work, plugin, 'Plan', diagnosis, { information: facts, hasTurn: true });
      const change = planChange(proposal, plan);
      if (change) return { change: recorded('Recovering', (status) => withPassedOver(status, [{ recoverer: plugin.name, ...change }])) };
      const attempt = await intents.write(work, proposal, (fresh) => allows(fresh, proposal.id));
      if (!attempt) return { written: work.abnormal };
      const result = await caller.act(work, plugin, attempt.id, diagnosis, attempt.target, { information: facts });
      return await context.conclude(work, await ended(work, diagnosis, attempt, result));
    } finally {
      release();
    }
  };

  /** Never decide a recovery from a cache. */
  const live = async (work: Work): Promise<Abnormal> => {
    const { namespace, name } = work.abnormal.metadata;
    const fresh = await client.get<Abnormal>(RESOURCES.Abnormal, { namespace, name });
    writer.seen(fresh);
    return fresh;
  };

  const otherwise = async (work: Work, confirmation: Exclude<Confirmation, { says: 'same' }>): Promise<StageResult> => {
    if (confirmation.says === 'healed')
      return { change: succeeded('Recovering', 'HealedItself', `Nothing was done: ${confirmation.reason}`) };
    if (confirmation.says === 'failed') return { change: failed('Recovering', 'ConfirmFailed', confirmation.reason) };
    const { diagnosis } = confirmation;
    if ((work.abnormal.status?.recovery?.diagnosisChanges ?? 0) > 0) {
      return {
        change: failed('Recovering', 'DiagnosisChanged', `It is ${diagnosis.cause} (${diagnosis.title}) now, after it had changed before.`),
      };
    }
    const { passedOver: _, ...recovery } = work.abnormal.status?.recovery ?? {};
    const { apply } = await propose(work, diagnosis, recovery);
    return {
      change: recorded(
        'Recovering',
        both((status) => withOtherDiagnosis(status, diagnosis), apply),
      ),
    };
  };

  const ended = async (work: Work, diagnosis: Diagnosis, attempt: RecoveryAttempt, result: ActResult): Promise<RecoveryAttempt> => {
    if (result.end === 'Unclear') return probe(work, diagnosis, attempt, result.reason);
    const doneAt = clock.date().toISOString();
    if (result.end === 'Answered') return { ...attempt, doneAt, ...outcomeOf(result.answer) };
    return { ...attempt, doneAt, outcome: 'NotDone', reason: result.reason };
  };

  const isOpen = ({ abnormal }: Work): boolean =>
    abnormal.status?.recovery?.attempts?.some(({ outcome }) => outcome === undefined) ?? false;

  return async (work, diagnosis, proposal) => {
    const plugin = registry.get('Recoverer', proposal.recoverer);
    await untilReady(work, plugin, clock);
    const notReady = whyPassedOver({ name: proposal.recoverer, plugin }, () => true);
    if (!plugin || notReady) {
      const entry = { recoverer: proposal.recoverer, outcome: 'PassedOver', reason: notReady ?? '' };
      return { change: recorded('Recovering', (status) => withPassedOver(status, [entry])) };
    }
    const key = targetKey(proposal.target);
    if (key === undefined) return { change: failed('Recovering', 'TargetDenied', 'The target carries no identity.') };
    const { abnormal } = work;
    if (!locks.take(key, work.uid, () => context.wake(abnormal))) return { waitMs: undefined };
    try {
      return await locked(work, diagnosis, proposal, plugin);
    } finally {
      // From the intent on the lock is kept until the end is on record, however this process ends.
      if (!isOpen(work)) locks.release(work.uid);
    }
  };
}

type Answer = Extract<ActResult, { end: 'Answered' }>['answer'];

function outcomeOf(answer: Answer): Pick<RecoveryAttempt, 'outcome' | 'reason' | 'actions'> {
  if (answer.outcome === 'Acted') return { outcome: 'Acted', actions: answer.actions };
  const reason = 'reason' in answer && answer.reason ? { reason: answer.reason } : {};
  if (answer.outcome === 'TargetGone' || answer.outcome === 'NotApplicable' || answer.outcome === 'Failed')
    return { outcome: answer.outcome, ...reason };
  return { outcome: 'Unknown', reason: `it answered ${answer.outcome} to an Act` };
}
