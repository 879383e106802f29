import { type ApiClient, type Logger, type OwnerReference, createLeaderElector, gaugeIn } from '@kdr/controller-runtime';
import type { Registry } from 'prom-client';
import { leaderClient } from './leader-client.ts';

/** Name of the Lease that the masters compete for. */
export const LEADER_LEASE = 'kdr-master';

/** This process among the candidates. Times are those of the elector (15 s, 10 s, 2 s) when left out. */
export interface Candidate {
  /** Different for every process, also after a restart of the same pod. */
  identity: string;
  /** Of the Lease: it goes with this object. */
  owner?: OwnerReference;
  leaseSeconds?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

/** What only the leader does, in one term: until the signal aborts, writing with this client. */
export type Term = (client: ApiClient, signal: AbortSignal) => Promise<void>;

/**
 * Runs the term whenever this process leads, again and again until the signal aborts. Without a candidate it is the only master, and its one
 * term begins at once. `kdr_master_leader` is 1 during a term.
 */
export async function runLeadership(
  deps: { client: ApiClient; namespace: string; candidate: Candidate | undefined; logger: Logger; metrics?: Registry },
  term: Term,
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace, candidate, logger, metrics } = deps;
  const leads = gaugeIn(metrics, 'kdr_master_leader', 'Whether this master leads (1) or stands by (0).', []);
  leads?.set(0);
  const hold = async (with_: ApiClient, during: AbortSignal): Promise<void> => {
    leads?.set(1);
    try {
      await term(with_, during);
    } finally {
      leads?.set(0);
    }
  };
  if (candidate === undefined) return hold(client, signal);
  const elector = createLeaderElector({
    ...candidate,
    client,
    namespace,
    name: LEADER_LEASE,
    logger,
    lead: (during) =>
      hold(
        leaderClient(client, () => elector.isLeader),
        during,
      ),
  });
  await elector.run(signal);
}
