import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { Clock } from './clock.ts';
import type { OwnerReference } from './kubernetes-object.ts';
import { createLeaseObserver, releasedLease, renewedLease } from './lease.ts';
import type { Lease } from './lease.ts';
import { leaseType } from './resource-type.ts';

/** What {@link createLeaseClaim} needs. */
export interface LeaseClaimOptions {
  client: ApiClient;
  namespace: string;
  name: string;
  holder: string;
  durationSeconds: number;
  clock: Clock;
  annotations?: () => Record<string, string>;
  /** Of a lease that is created: it is removed with this object, which must be in the same namespace. One that is there keeps its owners. */
  owner?: OwnerReference;
}

/** One holder's attempts at one lease. */
export interface LeaseClaim {
  /** Takes or renews the lease. False: somebody else holds it. Throws an ApiError when the server cannot say. */
  attempt(): Promise<boolean>;
  /** Gives it up if it is held. Never throws: it runs out anyway. */
  release(): Promise<void>;
  /** Who had it at the last attempt, if it was another. */
  readonly otherHolder: string | undefined;
}

/** Every write of the claim has the resourceVersion of the state that it was decided on: of two that try, one gets 409. */
export function createLeaseClaim(options: LeaseClaimOptions): LeaseClaim {
  const { client, namespace, name, holder, durationSeconds, clock, owner } = options;
  const observe = createLeaseObserver();
  /** Our own last write. While nobody else writes, a renewal is one request. */
  let mine: Lease | undefined;
  let otherHolder: string | undefined;
  // A request that hangs must leave time for others before the lease runs out.
  const limits = { timeoutMs: (durationSeconds * 1000) / 3 };

  const write = async (old: Lease | undefined): Promise<boolean> => {
    const base: Lease = old ?? { metadata: { namespace, name, ...(owner && { ownerReferences: [owner] }) } };
    const annotations = options.annotations?.();
    const lease = renewedLease(base, holder, durationSeconds, clock.date());
    if (annotations) lease.metadata = { ...lease.metadata, annotations: { ...lease.metadata?.annotations, ...annotations } };
    mine = await (old ? client.replace(leaseType, lease, limits) : client.create(leaseType, lease, limits));
    otherHolder = undefined;
    return true;
  };
  const read = async (): Promise<Lease | undefined> => {
    try {
      return await client.get<Lease>(leaseType, { namespace, name }, limits);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  };
  /** False: the lease is not any more as we left it. */
  const renew = async (): Promise<boolean> => {
    if (!mine) return false;
    const last = mine;
    // Should the answer be lost, the state is unknown: read it next time.
    mine = undefined;
    try {
      return await write(last);
    } catch (error) {
      if (error instanceof ApiError && (error.isConflict || error.isNotFound)) return false;
      throw error;
    }
  };
  const attempt = async (): Promise<boolean> => {
    if (await renew()) return true;
    const current = await read();
    if (current && current.spec?.holderIdentity !== holder && !observe(current, clock.now()).expired) {
      otherHolder = current.spec?.holderIdentity;
      return false;
    }
    try {
      return await write(current);
    } catch (error) {
      // Somebody was faster; who it was is seen at the next attempt.
      if (error instanceof ApiError && (error.isConflict || error.isAlreadyExists)) return false;
      throw error;
    }
  };

  return {
    attempt,
    release: async () => {
      const last = mine;
      mine = undefined;
      if (!last) return;
      await client.replace(leaseType, releasedLease(last, clock.date()), limits).catch(() => undefined);
    },
    get otherHolder() {
      return otherHolder;
    },
  };
}
