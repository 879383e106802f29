import { type Abnormal, type Grant, type RecoveryAttempt, isTerminal, targetKey } from '@kdr/api-types';
import { createOpenGrants } from './open-grants.ts';
import { type SortedTimes, createSortedTimes } from './sorted-times.ts';

/** One thing that was done, or may be done any moment, to one target. */
export interface LedgerEntry {
  abnormalUid: string;
  proposalId: string;
  target: string | undefined;
  node: string;
  cause: string;
  at: number;
  /** Attempted: an intent was written. Granted: the agent may write it until then. */
  kind: 'Attempted' | 'Granted';
  until?: number;
}

/** Outcomes that promise that nothing was done: they start no cool-down. */
const NOTHING_DONE: readonly (string | undefined)[] = ['NotDone', 'TargetGone', 'NotApplicable'];
const mayHaveActed = (attempt: RecoveryAttempt) => !NOTHING_DONE.includes(attempt.outcome);

/** What one Abnormal adds to the ledger. */
export function entriesOf(abnormal: Abnormal, grant: Grant | undefined = abnormal.status?.recovery?.grant): LedgerEntry[] {
  const { recovery, diagnosis } = abnormal.status ?? {};
  const base = { abnormalUid: abnormal.metadata.uid ?? '', node: abnormal.spec.nodeName ?? '', cause: diagnosis?.cause ?? '' };
  const attempts: LedgerEntry[] = (recovery?.attempts ?? []).filter(mayHaveActed).map((attempt) => ({
    ...base,
    proposalId: attempt.proposalId,
    target: targetKey(attempt.target),
    at: Date.parse(attempt.intentAt),
    kind: 'Attempted',
  }));
  const proposal = recovery?.proposal;
  if (grant === undefined || proposal === undefined || !mayStillAct(abnormal, grant)) return attempts;
  return [
    ...attempts,
    {
      ...base,
      proposalId: grant.proposalId,
      target: targetKey(proposal.target),
      at: Date.parse(grant.decidedAt),
      kind: 'Granted',
      until: Date.parse(grant.expiresAt ?? ''),
    },
  ];
}

/** A grant for the proposal of now that was not used. Nobody acts for an Abnormal that has ended. */
function mayStillAct({ status }: Abnormal, { decision, proposalId }: Grant): boolean {
  const { proposal, attempts = [] } = status?.recovery ?? {};
  const used = attempts.some((attempt) => attempt.proposalId === proposalId);
  return decision === 'Granted' && proposalId === proposal?.id && !used && !isTerminal(status?.phase);
}

const causeKey = (abnormal: Abnormal) => `${abnormal.spec.nodeName}/${abnormal.status?.diagnosis?.cause}`;

/** What happened on one node for one cause in a window. */
export interface Recent {
  count: number;
  /** When the first of them was, ms since the epoch. */
  earliest: number | undefined;
}

/** The ledger in memory. It is nothing but the Abnormals' own records, so a new master continues with the same one. */
export interface Ledger {
  record(abnormal: Abnormal): void;
  remove(abnormal: Abnormal): void;
  /**
   * Remembers a grant that is being written until the cache shows it or the agent has used it: two proposals must never pass on the same
   * stale ledger.
   */
  expect(abnormal: Abnormal, grant: Grant): void;
  /** What was done to a target, and what others may do to it any moment. */
  onTarget(abnormal: Abnormal, target: string | undefined, now: number): LedgerEntry[];
  /** Attempts since a moment on the same node for the same cause, and grants of others that are not used yet. */
  recent(abnormal: Abnormal, since: number, now: number): Recent;
}

/** Kept incrementally: a decision must not cost a walk over every Abnormal of the cluster. */
export function createLedger(): Ledger {
  const byUid = new Map<string, { cause: string; entries: LedgerEntry[] }>();
  const byTarget = new Map<string, Map<string, LedgerEntry>>();
  const attempted = new Map<string, SortedTimes>();
  /** Those that the cache shows, and those that are being written. */
  const grants = createOpenGrants();

  const entryKey = (entry: LedgerEntry) => `${entry.proposalId}/${entry.kind}/${entry.at}`;
  const add = (cause: string, entry: LedgerEntry) => {
    if (entry.kind === 'Granted') {
      grants.add(entry);
      return;
    }
    grants.end(entry.abnormalUid, entry.proposalId);
    const times = attempted.get(cause) ?? createSortedTimes();
    attempted.set(cause, times);
    times.add(entry.at);
    if (entry.target === undefined) return;
    byTarget.set(entry.target, (byTarget.get(entry.target) ?? new Map<string, LedgerEntry>()).set(entryKey(entry), entry));
  };
  const remove = (abnormal: Abnormal) => {
    const uid = abnormal.metadata.uid ?? '';
    const known = byUid.get(uid);
    byUid.delete(uid);
    for (const entry of known?.entries ?? []) {
      if (entry.kind === 'Granted') grants.end(uid, entry.proposalId);
      else attempted.get(known?.cause ?? '')?.remove(entry.at);
      const onTarget = byTarget.get(entry.target ?? '');
      onTarget?.delete(entryKey(entry));
      if (onTarget?.size === 0) byTarget.delete(entry.target ?? '');
    }
  };
  return {
    remove,
    record: (abnormal) => {
      const entries = entriesOf(abnormal);
      const uid = abnormal.metadata.uid ?? '';
      // Its grant may have been written and have become useless between two looks of the cache.
      if (isTerminal(abnormal.status?.phase)) grants.end(uid);
      const before = byUid.get(uid)?.entries ?? [];
      // Most changes of an Abnormal are no news to the ledger.
      if (entries.length === before.length && entries.every((entry, index) => entryKey(entry) === entryKey(before[index] ?? entry))) return;
      remove(abnormal);
      if (entries.length === 0) return;
      const cause = causeKey(abnormal);
      byUid.set(uid, { cause, entries });
      for (const entry of entries) add(cause, entry);
    },
    expect: (abnormal, grant) => {
      const entry = entriesOf(abnormal, grant).find((one) => one.kind === 'Granted');
      if (entry !== undefined) grants.add(entry);
    },
    onTarget: (abnormal, target, now) => {
      if (target === undefined) return [];
      const own = abnormal.metadata.uid ?? '';
      return [...(byTarget.get(target)?.values() ?? []), ...grants.onTarget(target, own, now)];
    },
    recent: (abnormal, since, now) => {
      const cause = causeKey(abnormal);
      const { count, earliest } = attempted.get(cause)?.after(since) ?? { count: 0, earliest: undefined };
      const open = grants.forCause(abnormal.spec.nodeName ?? '', abnormal.status?.diagnosis?.cause ?? '', abnormal.metadata.uid ?? '', now);
      return { count: count + open.count, earliest: earliest ?? open.earliest };
    },
  };
}
