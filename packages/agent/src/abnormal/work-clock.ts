import type { Abnormal } from '@kdr/api-types';

/** Milliseconds of work: in the present stage, and in all. */
export interface Worked {
  stageMs: number;
  totalMs: number;
}

/** Counts the time that is worked on each Abnormal, by the monotonic clock. Time in which nobody works on it (a grant, a lock, a soak) is not counted. */
export interface WorkClock {
  /** Work begins. One Abnormal is worked on once at a time. */
  begin(abnormal: Abnormal): WorkSpan;
  forget(uid: string): void;
}

export interface WorkSpan {
  worked(abnormal: Abnormal): Worked;
  end(): void;
}

export function createWorkClock(clock: { now(): number; date(): Date }): WorkClock {
  const known = new Map<string, Worked & { phase: string | undefined }>();
  return {
    begin: (abnormal) => {
      const uid = abnormal.metadata.uid ?? '';
      const entry = known.get(uid) ?? { phase: abnormal.status?.phase, ...workedBefore(abnormal, clock.date().getTime()) };
      known.set(uid, entry);
      let since = clock.now();
      let ended = false;
      const count = (): void => {
        const now = clock.now();
        if (ended) return;
        entry.stageMs += now - since;
        entry.totalMs += now - since;
        since = now;
      };
      return {
        worked: (current) => {
          count();
          if (current.status?.phase !== entry.phase) Object.assign(entry, { phase: current.status?.phase, stageMs: 0 });
          return entry;
        },
        end: () => {
          count();
          ended = true;
        },
      };
    },
    forget: (uid) => void known.delete(uid),
  };
}

/**
 * What another process has worked on it, as far as the status tells: since the stage began, less the waiting that is on record. It counts the
 * time in which no agent ran. A clock that was set back gives 0, never a negative time.
 */
export function workedBefore(abnormal: Abnormal, now: number): Worked {
  const status = abnormal.status;
  if (!status?.startTime) return { stageMs: 0, totalMs: 0 };
  const begin = Date.parse(status.startTime);
  const entered = status.conditions
    ?.filter(({ type, status: value }) => value === 'True' && (type === 'InformationCollected' || type === 'Identified'))
    .map(({ lastTransitionTime }) => Date.parse(lastTransitionTime));
  const waited = status.phase === 'Recovering' ? waitedFor(abnormal, now) : 0;
  const since = (start: number): number => Math.max(0, now - start - waited);
  return { stageMs: since(Math.max(begin, ...(entered ?? []))), totalMs: since(begin) };
}

function waitedFor({ status }: Abnormal, now: number): number {
  const recovery = status?.recovery;
  if (!recovery?.proposal) return 0;
  const grant = recovery.grant?.proposalId === recovery.proposal.id ? recovery.grant : undefined;
  const used = recovery.attempts?.find(({ proposalId }) => proposalId === recovery.proposal?.id);
  const granted = used?.intentAt ?? (grant?.decision === 'Granted' ? grant.decidedAt : undefined);
  const forGrant = (granted ? Date.parse(granted) : now) - Date.parse(recovery.proposal.proposedAt);
  const seen = recovery.verification;
  const forSoak = seen?.soakUntil ? Math.min(now, Date.parse(seen.soakUntil)) - Date.parse(seen.startedAt) : 0;
  return Math.max(0, forGrant) + Math.max(0, forSoak);
}
