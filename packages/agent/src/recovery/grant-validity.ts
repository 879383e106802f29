import type { Grant } from '@kdr/api-types';

/**
 * Tells whether a grant may still be used. Where this process saw it arrive, it is as old as this process' monotonic clock says: neither the
 * master's clock nor a step of ours matters then. A grant that was there already (the agent was restarted) is measured by the wall clock.
 */
export interface GrantValidity {
  /** Call it with every state of an Abnormal that is seen, before {@link isValid}. */
  observe(uid: string, grant: Grant | undefined): void;
  isValid(uid: string, grant: Grant | undefined): boolean;
  forget(uid: string): void;
}

interface Sight {
  /** `decidedAt` and proposal of the grant that was seen last; '' where there was none. */
  grant: string;
  /** When it arrived; undefined where it was there before this process looked. */
  arrivedAt?: number;
}

export function createGrantValidity(clock: { now(): number; date(): Date }): GrantValidity {
  const sights = new Map<string, Sight>();
  return {
    observe: (uid, grant) => {
      const name = grant ? `${grant.proposalId} ${grant.decidedAt} ${grant.decision}` : '';
      const last = sights.get(uid);
      if (last?.grant !== name) sights.set(uid, { grant: name, arrivedAt: last && clock.now() });
    },
    isValid: (uid, grant) => {
      if (grant?.decision !== 'Granted') return false;
      if (grant.expiresAt === undefined) return true;
      const arrivedAt = sights.get(uid)?.arrivedAt;
      if (arrivedAt === undefined) return clock.date().getTime() < Date.parse(grant.expiresAt);
      return clock.now() - arrivedAt < Date.parse(grant.expiresAt) - Date.parse(grant.decidedAt);
    },
    forget: (uid) => void sights.delete(uid),
  };
}
