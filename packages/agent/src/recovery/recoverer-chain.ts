import type { Abnormal, Diagnosis, Reason, RecoveryAttempt, Verification } from '@kdr/api-types';
import type { ApiClient, Clock } from '@kdr/controller-runtime';
import type { Procfs } from '@kdr/linux';
import { both, failed, recorded, succeeded } from '../abnormal/change.ts';
import type { Change } from '../abnormal/change.ts';
import type { StageResult } from '../abnormal/stage-result.ts';
import type { StatusWriter } from '../abnormal/status-writer.ts';
import type { Work } from '../abnormal/work.ts';
import type { DiagnoserAsker } from '../diagnosis/ask-diagnoser.ts';
import type { PolicyView } from '../diagnosis/policy-view.ts';
import type { InformationManager } from '../information/information-manager.ts';
import type { Journal } from '../journal/journal.ts';
import type { TargetLocks } from '../locks/target-lock.ts';
import type { AgentMetrics } from '../metrics.ts';
import type { AgentOptions } from '../options.ts';
import type { PluginCaller } from '../plugins/plugin-caller.ts';
import type { PluginRegistry } from '../plugins/plugin-registry.ts';
import { createCarryOut } from './act.ts';
import { createConfirm } from './confirm.ts';
import { createGrantValidity } from './grant-validity.ts';
import { createIntentWriter } from './intent.ts';
import { effectUnknown, exhaustedReason, nextRecoveryStep } from './next-step.ts';
import type { RecoveryStep } from './next-step.ts';
import { createProbe } from './probe.ts';
import type { Propose } from './propose.ts';
import { withAttempt, withPassedOver, withVerification } from './recovery-record.ts';
import { createVerify } from './verify.ts';
import type { Look } from './verify.ts';
import { createWaitingTime } from './waiting-time.ts';

/** The third stage: finds a recoverer, gets the grant, has it act once, and proves the result (R13). */
export interface RecovererChain {
  recoverStage(work: Work): Promise<StageResult>;
  forget(uid: string): void;
}

export interface RecoveryContext {
  node: string;
  client: ApiClient;
  clock: Clock;
  options: AgentOptions;
  procfs: Procfs;
  registry: PluginRegistry;
  caller: PluginCaller;
  information: InformationManager;
  asker: DiagnoserAsker;
  policies: PolicyView;
  writer: StatusWriter;
  journal: Journal;
  locks: TargetLocks;
  metrics: AgentMetrics;
  propose: Propose;
  wake: (abnormal: Abnormal) => void;
}

/** One call of `recoverStage` does one step; which one, `nextRecoveryStep` says from what is written. */
export function createRecovererChain(context: RecoveryContext): RecovererChain {
  const { clock, options, journal, locks, propose } = context;
  const grants = createGrantValidity(clock);
  const waiting = createWaitingTime(clock);
  const verify = createVerify(context);
  const probe = createProbe(context);

  const stepOf = (abnormal: Abnormal): RecoveryStep => {
    const uid = abnormal.metadata.uid ?? '';
    const recovery = abnormal.status?.recovery;
    const journalled = journal.open(uid).map(({ attempt }) => attempt);
    return nextRecoveryStep(recovery, journalled, grants.isValid(uid, recovery?.grant), clock.date().getTime());
  };

  const conclude = async (work: Work, attempt: RecoveryAttempt): Promise<StageResult> => {
    // Written but not waited for on the disk: if the machine dies now, the attempt is probed.
    await journal
      .outcome(attempt)
      .catch((err: unknown) => work.logger.error({ err, attempt: attempt.id }, 'the journal lacks the outcome of an attempt'));
    context.metrics.attempt(attempt.recoverer, attempt.outcome ?? 'Unknown');
    const after = async (): Promise<void> => close(work.uid, attempt.id);
    const record: Change['apply'] = (status) => withAttempt(status, attempt);
    if (attempt.outcome === 'Unknown') return { change: failed('Recovering', 'EffectUnknown', effectUnknown(attempt), record), after };
    if (soakSeconds(work) > 0 || (attempt.outcome !== 'Acted' && attempt.outcome !== 'TargetGone'))
      return { change: recorded('Recovering', record), after };
    return { change: await verified(work, attempt), after };
  };

  const close = async (uid: string, attemptId: string): Promise<void> => {
    locks.release(uid);
    await journal.recorded(attemptId).catch(() => undefined);
  };

  const carryOut = createCarryOut({
    ...context,
    confirm: createConfirm(context),
    probe,
    intents: createIntentWriter(context),
    diagnosisMaxAgeMs: options.diagnosisMaxAgeMs,
    allows: (abnormal, proposalId) => {
      grants.observe(abnormal.metadata.uid ?? '', abnormal.status?.recovery?.grant);
      if (abnormal.spec.cancel || abnormal.metadata.deletionTimestamp || abnormal.status?.recovery?.proposal?.id !== proposalId)
        return false;
      return stepOf(abnormal).step === 'act';
    },
    conclude,
  });

  const soakSeconds = ({ abnormal }: Work): number => {
    const decision = context.policies.decide(abnormal, context.node, abnormal.status?.diagnosis);
    return decision.policy === undefined ? options.soakSeconds : decision.soakSeconds;
  };

  /** Looks whether the fault is gone. At once, and, if there is a soak, when that is over. */
  const verified = async (work: Work, attempt: RecoveryAttempt): Promise<Change> => {
    const before = work.abnormal.status?.recovery?.verification;
    const again = before?.attemptId === attempt.id && before.soakUntil !== undefined;
    work.allow(options.settleMs + 2 * options.pluginTimeoutMs + options.collectTimeoutMs);
    const look = await verify(work, diagnosisOf(work), again ? 0 : options.settleMs);
    const now = clock.date();
    const verification: Verification = {
      attemptId: attempt.id,
      startedAt: again ? before.startedAt : (attempt.doneAt ?? now.toISOString()),
      checkedAt: now.toISOString(),
      message: look.message.slice(0, 1024),
    };
    if (look.result !== 'Gone') return notGone(attempt, verification, look);
    const soak = attempt.outcome === 'Acted' && !again ? soakSeconds(work) : 0;
    if (soak > 0) {
      const soakUntil = new Date(now.getTime() + soak * 1000).toISOString();
      return recorded('Recovering', (status) => withVerification(withAttempt(status, attempt), { ...verification, soakUntil }));
    }
    const proven: Change['apply'] = (status) =>
      withVerification(withAttempt(status, { ...attempt, verified: true }), {
        ...verification,
        ...(again && { soakUntil: before.soakUntil }),
        result: 'Gone',
      });
    if (attempt.outcome === 'TargetGone')
      return succeeded('Recovering', 'HealedItself', `The target was gone, and so is the fault: ${look.message}`, proven);
    return succeeded('Recovering', 'Recovered', `${attempt.recoverer} repaired it: ${look.message}`, proven);
  };

  const proposeNext = async (work: Work): Promise<StageResult> => {
    const recovery = work.abnormal.status?.recovery;
    const { apply, found } = await propose(work, diagnosisOf(work), recovery);
    if (found) return { change: recorded('Recovering', apply) };
    if (work.left() <= 0 || work.signal.aborted) return { again: true };
    const reason = exhaustedReason(apply(work.abnormal.status ?? {}, '')?.recovery);
    return { change: await exhausted(work, reason, apply) };
  };

  /** Nobody is left. A target that is gone may have taken the fault with it: that is looked for before it is called a failure. */
  const exhausted = async (work: Work, reason: Reason, apply: Change['apply']): Promise<Change> => {
    if (reason === 'TargetGone') {
      const look = await verify(work, diagnosisOf(work), 0);
      if (look.result === 'Gone')
        return succeeded('Recovering', 'HealedItself', `The target was gone, and so is the fault: ${look.message}`, apply);
    }
    const { attempts = [], passedOver = [] } = apply(work.abnormal.status ?? {}, '')?.recovery ?? {};
    const message = [
      ...attempts.map((attempt) => `${attempt.recoverer}: ${attempt.outcome} ${attempt.reason ?? ''}`.trim()),
      ...passedOver.map((entry) => `${entry.recoverer}: ${entry.reason}`),
    ];
    return failed('Recovering', reason, message.join('; ') || 'No recoverer is registered that matches this Abnormal.', apply);
  };

  const awaitMaster = (work: Work, since: string): StageResult => {
    const leftMs = options.gateSeconds * 1000 - waiting.elapsedMs(work.uid, since);
    if (leftMs > 0) return { waitMs: leftMs };
    return { change: failed('Recovering', 'GateUnavailable', `The master did not answer the proposal within ${options.gateSeconds} s.`) };
  };

  const probeOpen = async (work: Work, attempt: RecoveryAttempt): Promise<StageResult> => {
    return conclude(work, await probe(work, diagnosisOf(work), attempt, 'the agent was interrupted after the intent'));
  };

  const adopt = (work: Work, attempt: RecoveryAttempt): StageResult => ({
    change: recorded('Recovering', (status) => withAttempt(status, attempt)),
    after: async () => {
      if (attempt.outcome !== undefined) await close(work.uid, attempt.id);
    },
  });

  const refused = (work: Work, step: Extract<RecoveryStep, { step: 'refused' }>): StageResult => {
    if (!step.next) return { change: failed('Recovering', step.reason, step.message) };
    const recoverer = work.abnormal.status?.recovery?.proposal?.recoverer ?? '';
    return {
      change: recorded('Recovering', (status) => withPassedOver(status, [{ recoverer, outcome: step.reason, reason: step.message }])),
    };
  };

  const take = async (work: Work, step: RecoveryStep): Promise<StageResult> => {
    switch (step.step) {
      case 'propose':
        return proposeNext(work);
      case 'awaitMaster':
        return awaitMaster(work, step.since);
      case 'awaitGrant':
        return { waitMs: undefined };
      case 'refused':
        return refused(work, step);
      case 'act':
        return carryOut(work, diagnosisOf(work), proposalOf(work));
      case 'probe':
        return probeOpen(work, step.attempt);
      case 'adopt':
        return adopt(work, step.attempt);
      case 'verify':
        return { change: await verified(work, step.attempt) };
      case 'soak':
        return { waitMs: Math.max(0, Date.parse(step.until) - clock.date().getTime()) };
      case 'fail':
        return { change: failed('Recovering', step.reason, step.message) };
    }
  };

  return {
    recoverStage: (work) => {
      grants.observe(work.uid, work.abnormal.status?.recovery?.grant);
      return take(work, stepOf(work.abnormal));
    },
    forget: (uid) => {
      grants.forget(uid);
      waiting.forget(uid);
      locks.release(uid);
    },
  };
}

function diagnosisOf({ abnormal }: Work): Diagnosis {
  const diagnosis = abnormal.status?.diagnosis;
  if (!diagnosis) throw new TypeError(`${abnormal.metadata.name} is Recovering without a diagnosis`);
  return diagnosis;
}

function proposalOf({ abnormal }: Work) {
  const proposal = abnormal.status?.recovery?.proposal;
  if (!proposal) throw new TypeError(`${abnormal.metadata.name} has a grant without a proposal`);
  return proposal;
}

function notGone(attempt: RecoveryAttempt, verification: Verification, { result, message }: Look): Change {
  const seen: Change['apply'] = (status) =>
    withVerification(withAttempt(status, { ...attempt, verified: false }), { ...verification, result });
  if (attempt.outcome === 'TargetGone') {
    return failed(
      'Recovering',
      'TargetGone',
      `The target no longer exists, but the fault is still there or could not be looked for: ${message}`,
      both(seen, (status) => status),
    );
  }
  return recorded('Recovering', seen);
}
