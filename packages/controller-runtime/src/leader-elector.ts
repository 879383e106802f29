import type { ApiClient } from './api-client.ts';
import { sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { OwnerReference } from './kubernetes-object.ts';
import { createLeaseClaim } from './lease-claim.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';

/** What {@link createLeaderElector} needs. */
export interface LeaderElectorOptions {
  client: ApiClient;
  namespace: string;
  name: string;
  /** Different for every candidate process, also after a restart of the same one. */
  identity: string;
  /**
   * What the leader does. Its signal aborts when leadership is lost or the elector stops; it must end soon after.
   * When it ends by itself, or fails, the elector gives the lease up and `run` ends the same way.
   */
  lead: (signal: AbortSignal) => Promise<void>;
  /** How long the others wait after the last renewal that they saw. 15 s when left out. */
  leaseSeconds?: number;
  /** How long the leader acts without a successful renewal; shorter than the lease. 10 s when left out. */
  renewDeadlineMs?: number;
  /** Between two attempts. 2 s when left out. */
  retryMs?: number;
  /** Of the lease that it creates: removed with this object, which must be in the same namespace. */
  owner?: OwnerReference;
  logger?: Logger;
  clock?: Clock;
  random?: () => number;
}

/** See {@link createLeaderElector}. */
export interface LeaderElector {
  /** Competes, and leads when elected, until the signal aborts. A process that lost leadership competes again once `lead` has ended. */
  run(signal: AbortSignal): Promise<void>;
  /** By the clock, not by a flag: also true to fact when the event loop was blocked. Ask before every act that only the leader may do. */
  readonly isLeader: boolean;
}

/**
 * Leader election on a Lease, with the rules of client-go: an acting leader stops `leaseSeconds - renewDeadlineMs`
 * before anyone else may begin. Like there, it is no fence: what must never happen twice needs a precondition of its own.
 */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { clock = systemClock, random = Math.random, leaseSeconds = 15, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
  if (renewDeadlineMs >= leaseSeconds * 1000 || retryMs >= renewDeadlineMs)
    throw new TypeError('Leader election needs retryMs < renewDeadlineMs < leaseSeconds.');
  const logger = (options.logger ?? silentLogger()).child({ lease: `${options.namespace}/${options.name}`, identity: options.identity });
  const claim = createLeaseClaim({ ...options, holder: options.identity, durationSeconds: leaseSeconds, clock });
  let leadsUntil = -Infinity;

  const attempt = async (): Promise<void> => {
    const begunAt = clock.now();
    try {
      if (await claim.attempt()) leadsUntil = begunAt + renewDeadlineMs;
      else leadsUntil = -Infinity;
    } catch (err) {
      logger.warn({ err }, 'the lease could not be read or renewed');
    }
  };
  const pause = (signal: AbortSignal): Promise<void> => sleep(clock, retryMs * (1 + random() * 0.2), signal);
  const isLeader = (): boolean => clock.now() < leadsUntil;

  /** Leads until leadership is lost, `lead` has ended, or the signal aborts. True: `lead` ended by itself. */
  const reign = async (signal: AbortSignal): Promise<boolean> => {
    const over = new AbortController();
    let ended = false;
    const work = options.lead(over.signal).finally(() => {
      ended = true;
      over.abort();
    });
    // It is awaited below; until then a failure must not count as unhandled.
    work.catch(() => undefined);
    const expiry = watchExpiry(clock, () => leadsUntil, over);
    const renewal = (async () => {
      while (!over.signal.aborted) {
        await pause(over.signal);
        if (!over.signal.aborted) await attempt();
        if (!isLeader()) over.abort();
      }
    })();
    const stop = (): void => over.abort();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    try {
      await aborted(over.signal);
      const byItself = ended;
      await work;
      return byItself;
    } finally {
      signal.removeEventListener('abort', stop);
      expiry();
      await renewal;
    }
  };

  return {
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          await attempt();
          if (isLeader()) {
            logger.info('elected: this process leads');
            if (await reign(signal)) return;
            logger.info('this process leads no longer');
          }
          await pause(signal);
        }
      } finally {
        const held = isLeader();
        leadsUntil = -Infinity;
        if (held) await claim.release();
      }
    },
    get isLeader() {
      return isLeader();
    },
  };
}

/** Aborts when the deadline passes unrenewed, also while a renewal hangs. Returns a function that ends the watch. */
function watchExpiry(clock: Clock, until: () => number, over: AbortController): () => void {
  let cancel: () => void = () => undefined;
  const check = (): void => {
    const left = until() - clock.now();
    if (left <= 0) over.abort();
    else cancel = clock.schedule(Math.ceil(left), check);
  };
  check();
  return () => cancel();
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
