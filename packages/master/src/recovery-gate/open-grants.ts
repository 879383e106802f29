import type { LedgerEntry } from './ledger.ts';

/** Grants that their agents may use any moment: one per Abnormal at most. */
export interface OpenGrants {
  add(entry: LedgerEntry): void;
  /** Ends the grant of an Abnormal; with `proposalId` only if it is for that proposal. */
  end(abnormalUid: string, proposalId?: string): void;
  /** Those of other Abnormals for a target. */
  onTarget(target: string, own: string, now: number): LedgerEntry[];
  /** How many others there are on a node for a cause, and when the first was given. */
  forCause(node: string, cause: string, own: string, now: number): { count: number; earliest: number | undefined };
}

/**
 * Counting must not walk over all of them: in a burst there are thousands. Lapsed ones leave from the front, where the oldest are; one that lapses
 * early behind a longer one is counted until then, which errs on the side of waiting.
 */
export function createOpenGrants(): OpenGrants {
  const byUid = new Map<string, LedgerEntry>();
  const byCause = new Map<string, Map<string, LedgerEntry>>();
  const byTarget = new Map<string, Map<string, LedgerEntry>>();

  const causeOf = ({ node, cause }: Pick<LedgerEntry, 'node' | 'cause'>) => `${node}/${cause}`;
  const put = (index: Map<string, Map<string, LedgerEntry>>, key: string, entry: LedgerEntry) =>
    index.set(key, (index.get(key) ?? new Map<string, LedgerEntry>()).set(entry.abnormalUid, entry));
  const take = (index: Map<string, Map<string, LedgerEntry>>, key: string, uid: string) => {
    const group = index.get(key);
    group?.delete(uid);
    if (group?.size === 0) index.delete(key);
  };
  const end = (uid: string, proposalId?: string) => {
    const entry = byUid.get(uid);
    if (entry === undefined || (proposalId !== undefined && entry.proposalId !== proposalId)) return;
    byUid.delete(uid);
    take(byCause, causeOf(entry), uid);
    take(byTarget, entry.target ?? '', uid);
  };
  const lapsed = (entry: LedgerEntry, now: number) => !((entry.until ?? 0) > now);

  return {
    add: (entry) => {
      end(entry.abnormalUid);
      byUid.set(entry.abnormalUid, entry);
      put(byCause, causeOf(entry), entry);
      put(byTarget, entry.target ?? '', entry);
    },
    end,
    onTarget: (target, own, now) =>
      [...(byTarget.get(target)?.values() ?? [])].filter((entry) => entry.abnormalUid !== own && !lapsed(entry, now)),
    forCause: (node, cause, own, now) => {
      const group = byCause.get(causeOf({ node, cause })) ?? new Map<string, LedgerEntry>();
      for (const [uid, entry] of group) {
        if (!lapsed(entry, now)) break;
        end(uid);
      }
      const count = group.size - (group.has(own) ? 1 : 0);
      const first = group.values().next().value;
      return { count, earliest: count === 0 ? undefined : first?.at };
    },
  };
}
