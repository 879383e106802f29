import { randomUUID } from 'node:crypto';
import type { Abnormal, Proposal, RecoveryAttempt } from '@kdr/api-types';
import { AGENT_FINALIZER, RESOURCES } from '@kdr/api-types';
import { patchMetadata } from '@kdr/controller-runtime';
import type { ApiClient, Clock } from '@kdr/controller-runtime';
import { recorded } from '../abnormal/change.ts';
import type { StatusWriter } from '../abnormal/status-writer.ts';
import type { Work } from '../abnormal/work.ts';
import type { Journal } from '../journal/journal.ts';
import { withAttempt } from './recovery-record.ts';

/** Writes down what is about to be done: finalizer, `attempts[]` in the API, and the node's journal, in this order and before the act. */
export interface IntentWriter {
  /**
   * @param stillAllowed asked about the very state that the intent is written on: granted, not cancelled, nothing else begun.
   * @returns the attempt; undefined if it was not allowed any more: nothing may be done then. `work.abnormal` is the newest state in both cases.
   * @throws KdrError KDR_JOURNAL_BROKEN; the attempt is in the API then, and a probe will find it not done.
   */
  write(work: Work, proposal: Proposal, stillAllowed: (abnormal: Abnormal) => boolean): Promise<RecoveryAttempt | undefined>;
}

export function createIntentWriter(context: { client: ApiClient; writer: StatusWriter; journal: Journal; clock: Clock }): IntentWriter {
  const { client, writer, journal, clock } = context;
  return {
    write: async (work, proposal, stillAllowed) => {
      work.abnormal = await withFinalizer(client, work.abnormal, stillAllowed);
      writer.seen(work.abnormal);
      const attempt: RecoveryAttempt = {
        id: randomUUID(),
        proposalId: proposal.id,
        recoverer: proposal.recoverer,
        target: proposal.target,
        ...(proposal.plannedActions[0]?.expectedEffect && { expectedEffect: proposal.plannedActions[0].expectedEffect }),
        intentAt: clock.date().toISOString(),
      };
      const isWritten = ({ status }: Abnormal): boolean => status?.recovery?.attempts?.some(({ id }) => id === attempt.id) ?? false;
      const change = recorded('Recovering', (status) => withAttempt(status, attempt));
      // The resourceVersion of this write is the fence: a grant that was withdrawn, a cancellation or another attempt in between make it void.
      work.abnormal = await writer.write(work.abnormal, { ...change, when: (fresh) => !isWritten(fresh) && stillAllowed(fresh) });
      if (!isWritten(work.abnormal)) return undefined;
      const { namespace = '', name } = work.abnormal.metadata;
      await journal.intent({ uid: work.uid, namespace, name }, attempt);
      return attempt;
    },
  };
}

function withFinalizer(client: ApiClient, abnormal: Abnormal, stillAllowed: (abnormal: Abnormal) => boolean): Promise<Abnormal> {
  return patchMetadata(client, RESOURCES.Abnormal, abnormal, (fresh) => {
    const finalizers = fresh.metadata.finalizers ?? [];
    return finalizers.includes(AGENT_FINALIZER) || !stillAllowed(fresh) ? undefined : { finalizers: [...finalizers, AGENT_FINALIZER] };
  });
}

/** Takes the finalizer off: nothing is under way any more. */
export function withoutFinalizer(client: ApiClient, abnormal: Abnormal): Promise<Abnormal> {
  return patchMetadata(client, RESOURCES.Abnormal, abnormal, (fresh) => {
    const finalizers = fresh.metadata.finalizers ?? [];
    return finalizers.includes(AGENT_FINALIZER) ? { finalizers: finalizers.filter((each) => each !== AGENT_FINALIZER) } : undefined;
  });
}
