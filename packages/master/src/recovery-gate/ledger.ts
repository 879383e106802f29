import { type Abnormal, type Grant, targetKey } from '@kdr/api-types';

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

/** What one Abnormal adds to the ledger. */
export function entriesOf(abnormal: Abnormal, grant: Grant | undefined = abnormal.status?.recovery?.grant): LedgerEntry[] {
  const { recovery, diagnosis } = abnormal.status ?? {};
  const base = { abnormalUid: abnormal.metadata.uid ?? '', node: abnormal.spec.nodeName ?? '', cause: diagnosis?.cause ?? '' };
  const attempts: LedgerEntry[] = (recovery?.attempts ?? []).map((attempt) => ({
    ...base,
    proposalId: attempt.proposalId,
    target: targetKey(attempt.target),
    at: Date.parse(attempt.intentAt),
    kind: 'Attempted',
  }));
  const proposal = recovery?.proposal;
  const unused =
    grant?.decision === 'Granted' &&
    grant.proposalId === proposal?.id &&
    !attempts.some((attempt) => attempt.proposalId === grant.proposalId);
  if (!unused || proposal === undefined) return attempts;
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

const causeKey = (abnormal: Abnormal) => `${abnormal.spec.nodeName}/${abnormal.status?.diagnosis?.cause}`;

/** The ledger in memory. It is nothing but the Abnormals' own records, so a new master continues with the same one. */
export interface Ledger {
  record(abnormal: Abnormal): void;
  remove(abnormal: Abnormal): void;
  /**
   * Remembers a grant that is being written until the cache shows it or the agent has used it: two proposals must never pass on the same
   * stale ledger.
   */
  expect(abnormal: Abnormal, grant: Grant): void;
  /** Entries of the same node and cause, or of the same target; of this Abnormal itself only what was attempted. */
  near(abnormal: Abnormal, target: string | undefined, now: number): LedgerEntry[];
}

/** Kept incrementally: a decision must not cost a walk over every Abnormal of the cluster. */
export function createLedger(): Ledger {
  const byUid = new Map<string, { cause: string; entries: LedgerEntry[] }>();
  const byCause = new Map<string, Set<string>>();
  const byTarget = new Map<string, Set<string>>();
  const expected = new Map<string, LedgerEntry>();

  const index = (map: Map<string, Set<string>>, key: string, uid: string) => {
    const set = map.get(key) ?? new Set();
    map.set(key, set.add(uid));
  };
  const unindex = (map: Map<string, Set<string>>, key: string, uid: string) => {
    const set = map.get(key);
    set?.delete(uid);
    if (set?.size === 0) map.delete(key);
  };
  const targetsOf = (entries: readonly LedgerEntry[]) => new Set(entries.flatMap((entry) => entry.target ?? []));

  const remove = (abnormal: Abnormal) => {
    const uid = abnormal.metadata.uid ?? '';
    const known = byUid.get(uid);
    if (known === undefined) return;
    byUid.delete(uid);
    unindex(byCause, known.cause, uid);
    for (const target of targetsOf(known.entries)) unindex(byTarget, target, uid);
  };

  return {
    remove,
    record: (abnormal) => {
      remove(abnormal);
      const entries = entriesOf(abnormal);
      if (entries.length === 0) return;
      for (const entry of entries) expected.delete(entry.proposalId);
      const uid = abnormal.metadata.uid ?? '';
      byUid.set(uid, { cause: causeKey(abnormal), entries });
      index(byCause, causeKey(abnormal), uid);
      for (const target of targetsOf(entries)) index(byTarget, target, uid);
    },
    expect: (abnormal, grant) => {
      const entry = entriesOf(abnormal, grant).find((one) => one.kind === 'Granted');
      if (entry !== undefined) expected.set(entry.proposalId, entry);
    },
    near: (abnormal, target, now) => {
      const own = abnormal.metadata.uid ?? '';
      const cause = causeKey(abnormal);
      const counts = (entry: LedgerEntry) =>
        (entry.kind === 'Attempted' || entry.abnormalUid !== own) && !((entry.until ?? Infinity) <= now);
      const uids = new Set([...(byCause.get(cause) ?? []), ...(target === undefined ? [] : (byTarget.get(target) ?? []))]);
      const found: LedgerEntry[] = [];
      for (const uid of uids) for (const entry of byUid.get(uid)?.entries ?? []) if (counts(entry)) found.push(entry);
      for (const [proposalId, entry] of expected) {
        if ((entry.until ?? 0) <= now) expected.delete(proposalId);
        else if (counts(entry) && (entry.target === target || `${entry.node}/${entry.cause}` === cause)) found.push(entry);
      }
      return found;
    },
  };
}
