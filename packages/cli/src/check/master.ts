import type { Lease } from '@kdr/controller-runtime';
import { type Check, failed, off, ok } from './check.ts';
import type { FreshnessJudge } from './freshness.ts';
import type { Seen } from './reader.ts';

/** Name of the Lease that the masters compete for. */
export const LEADER_LEASE = 'kdr-master';

/** A master leads: without one nothing is assigned and nothing may be repaired. */
export function checkMaster(seen: Seen<Lease>, namespace: string, embedded: boolean, judge: FreshnessJudge): Check {
  const next = `kubectl -n ${namespace} logs deployment/kdr-master --all-pods --tail=20`;
  if (seen.state === 'denied') return failed('master', seen.message, 'give this user the right to get it (docs/cli.md)');
  if (seen.state === 'absent') {
    if (embedded) return off('master', 'runs inside `kdr up`: one, without election');
    return failed('master', `no master has ever led: there is no Lease ${LEADER_LEASE} in namespace ${namespace}`, next);
  }
  const lease = judge.judge(seen.value);
  if (!lease.fresh) return failed('master', `nobody leads: Lease ${LEADER_LEASE} ${lease.why}`, next);
  return ok('master', `${lease.holder} leads; it said so ${Math.round(lease.ageMs / 1000)} s ago`);
}
