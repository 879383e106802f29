import type { Abnormal, AbnormalStatus, Phase } from '@kdr/api-types';
import { KdrError, RESOURCES, isTerminal, phaseOf, transition } from '@kdr/api-types';
import { patchStatus } from '@kdr/controller-runtime';
import type { ApiClient, Clock } from '@kdr/controller-runtime';
import { clip, withCondition } from './change.ts';
import type { Change, Verdict } from './change.ts';

/** The agent's only writer of `.status`. */
export interface StatusWriter {
  /**
   * Writes a change on top of the state that `abnormal` is; if that is not the newest, on top of the newest, where the change is still valid.
   * @returns the Abnormal after the write; as the server has it, if the change was void.
   * @throws KdrError KDR_UNKNOWN_TRANSITION for a step that the state machine does not have; ApiError if the server can't be asked or refuses.
   */
  write(abnormal: Abnormal, change: Change): Promise<Abnormal>;
  /** The newer of a cached object and what was last written here: a watch may be behind one's own writes. */
  freshest(cached: Abnormal): Abnormal;
  /** Notes a state that was read or written elsewhere. */
  seen(abnormal: Abnormal): void;
  forget(uid: string): void;
}

interface WriterContext {
  client: ApiClient;
  clock: Clock;
  /** Called after a write, with the state that it was made on. */
  onWritten: (before: Abnormal, after: Abnormal) => void;
}

/** Writes with resourceVersion as precondition; on a conflict the change is computed again from what the server has. */
export function createStatusWriter({ client, clock, onWritten }: WriterContext): StatusWriter {
  const written = new Map<string, Abnormal>();
  return {
    write: async (abnormal, change) => {
      let before = abnormal;
      const next = await patchStatus<Abnormal>(client, RESOURCES.Abnormal, abnormal, (fresh) => {
        before = fresh;
        return nextStatus(fresh, change, clock.date().toISOString());
      });
      if (next.metadata.uid) written.set(next.metadata.uid, next);
      if (next !== before) onWritten(before, next);
      return next;
    },
    freshest: (cached) => {
      const mine = written.get(cached.metadata.uid ?? '');
      return mine && isNewer(mine, cached) ? mine : cached;
    },
    seen: (abnormal) => void (abnormal.metadata.uid && written.set(abnormal.metadata.uid, abnormal)),
    forget: (uid) => void written.delete(uid),
  };
}

/** resourceVersions can be compared as integers (KEP-5504); where one is none, the cache is believed, and the server's 409 corrects it. */
function isNewer(a: Abnormal, b: Abnormal): boolean {
  const [left, right] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right)) return false;
  return left.length === right.length ? left > right : left.length > right.length;
}

/** The whole status after a change, or undefined if there is nothing to write any more. Pure. */
export function nextStatus(abnormal: Abnormal, change: Change, now: string): AbnormalStatus | undefined {
  const before = abnormal.status ?? {};
  if (before.phase !== change.phase || isTerminal(before.phase) || change.when?.(abnormal) === false) return undefined;
  const applied = change.apply(before, now);
  if (!applied) return undefined;
  const status = judged(abnormal, applied, change.verdict, now);
  const phase = nextPhase(abnormal, status, change.verdict);
  return {
    ...status,
    phase,
    startTime: before.startTime ?? now,
    ...(isTerminal(phase) && { completionTime: now }),
    ...(abnormal.metadata.generation !== undefined && { observedGeneration: abnormal.metadata.generation }),
  };
}

function judged({ metadata }: Abnormal, status: AbnormalStatus, verdict: Verdict | undefined, now: string): AbnormalStatus {
  if (!verdict) return status;
  const conditions = withCondition(status.conditions ?? [], verdict, now, metadata.generation);
  return { ...status, conditions, reason: verdict.reason, message: clip(verdict.message, 2048) };
}

/** @throws KdrError KDR_UNKNOWN_TRANSITION */
function nextPhase({ metadata, status: before }: Abnormal, status: AbnormalStatus, verdict: Verdict | undefined): Phase {
  const phase = phaseOf(status, true);
  if (phase !== undefined && (phase === before?.phase || transition(before?.phase, phase, 'agent', verdict?.reason))) return phase;
  const step = `${before?.phase ?? 'new'} to ${phase ?? 'none'} with reason ${verdict?.reason ?? 'none'}`;
  throw new KdrError('KDR_UNKNOWN_TRANSITION', `${metadata.name}: ${step}`);
}
