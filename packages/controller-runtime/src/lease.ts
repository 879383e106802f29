import type { KubernetesObject } from './kubernetes-object.ts';
import { microTime } from './micro-time.ts';

/** coordination.k8s.io/v1 Lease. Times are MicroTimes with six digits. */
export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** A lease as `holder` takes or renews it at `now`. The resourceVersion of `old` stays: it is the precondition of the write. */
export function renewedLease(old: Lease, holder: string, durationSeconds: number, now: Date): Lease {
  const spec = old.spec ?? {};
  const mine = spec.holderIdentity === holder;
  return {
    ...old,
    spec: {
      ...spec,
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      acquireTime: mine && spec.acquireTime ? spec.acquireTime : microTime(now),
      renewTime: microTime(now),
      leaseTransitions: (spec.leaseTransitions ?? 0) + (mine || spec.acquireTime === undefined ? 0 : 1),
    },
  };
}

/** A lease that its holder gives up: the next one need not wait for the end of the duration. No holder is said by absence, as client-go does. */
export function releasedLease(old: Lease, now: Date): Lease {
  const { holderIdentity: _, ...spec } = old.spec ?? {};
  return { ...old, spec: { ...spec, leaseDurationSeconds: 1, renewTime: microTime(now) } };
}

/**
 * Tells whether a lease of somebody else has run out, by this process's monotonic clock: a lease is alive for its
 * duration after this process saw it change last. The times in the lease come from another machine's clock and are
 * not compared with ours.
 */
export function createLeaseObserver(): (lease: Lease, nowMs: number) => { expired: boolean } {
  let seen: string | undefined;
  let seenAt = 0;
  return (lease, nowMs) => {
    const state = `${lease.metadata?.uid} ${lease.spec?.holderIdentity} ${lease.spec?.renewTime}`;
    if (state !== seen) {
      seen = state;
      seenAt = nowMs;
    }
    const held = Boolean(lease.spec?.holderIdentity);
    return { expired: !held || nowMs - seenAt >= (lease.spec?.leaseDurationSeconds ?? 0) * 1000 };
  };
}
