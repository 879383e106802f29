import type { ApiClient } from './api-client.ts';
import { sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { OwnerReference } from './kubernetes-object.ts';
import { createLeaseClaim } from './lease-claim.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';

/** What {@link createLeaseHeartbeat} needs. */
export interface LeaseHeartbeatOptions {
  client: ApiClient;
  namespace: string;
  name: string;
  /** Who beats. Two processes that could run under one lease name must have different holders. */
  holder: string;
  /** After so long without a renewal others may take the holder for gone. 15 s when left out. */
  durationSeconds?: number;
  /** 5 000 ms when left out, ± 10 %; a fifth of it after a failure. */
  renewMs?: number;
  /** Written with each beat, for what others need to know of the holder. Keys that are left out later stay as they are. */
  annotations?: () => Record<string, string>;
  /** Of the lease that it creates: removed with this object, which must be in the same namespace. */
  owner?: OwnerReference;
  logger?: Logger;
  clock?: Clock;
  random?: () => number;
}

/** See {@link createLeaseHeartbeat}. */
export interface LeaseHeartbeat {
  /** Beats until the signal aborts, then gives the lease up. */
  run(signal: AbortSignal): Promise<void>;
  /** The last beat was accepted and its duration has not passed: this process and no other holds the lease. */
  readonly held: boolean;
}

/**
 * Keeps a Lease fresh, so that others see that this process lives. A lease that another holder keeps fresh is left
 * alone, with a warning; it is taken over once that one has been silent for the duration.
 */
export function createLeaseHeartbeat(options: LeaseHeartbeatOptions): LeaseHeartbeat {
  const { renewMs = 5_000, durationSeconds = 15, clock = systemClock, random = Math.random } = options;
  const logger = options.logger ?? silentLogger();
  const claim = createLeaseClaim({ ...options, durationSeconds, clock });
  const lease = `${options.namespace}/${options.name}`;
  let heldUntil = -Infinity;

  /** False: it failed and should be repeated soon. */
  const beat = async (): Promise<boolean> => {
    // Counted from before the request: the server cannot have seen the renewal earlier.
    const begunAt = clock.now();
    try {
      if (await claim.attempt()) heldUntil = begunAt + durationSeconds * 1000;
      else
        logger.warn(
          { lease, holder: claim.otherHolder },
          'another process holds this lease: two run under one name, or the last one has not run out yet',
        );
    } catch (err) {
      logger.warn({ lease, err }, 'the heartbeat was not accepted and will be repeated');
      return false;
    }
    return true;
  };

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        const pauseMs = (await beat()) ? renewMs : renewMs / 5;
        await sleep(clock, pauseMs * (0.9 + random() * 0.2), signal);
      }
      heldUntil = -Infinity;
      await claim.release();
    },
    get held() {
      return clock.now() < heldUntil;
    },
  };
}
