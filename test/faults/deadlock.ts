import { dumpOf, showsDeadlock } from './dump-proof.ts';
import { burstOfExecs, type Execs } from './execs.ts';
import { FaultError } from './fault-error.ts';
import { zombiesOf } from './proc.ts';
import { silent, type OnProgress } from './progress.ts';
import { removeContainer, startShimContainer, type ShimContainer } from './shim-container.ts';
import { awaitStandstill } from './standstill.ts';

/** Options of `deadlockShim`. */
export interface DeadlockShim {
  /** How often to try, each miss with a new container. Default 5. */
  readonly attempts?: number;
  /** Longest time of one attempt. Default 40 s. */
  readonly timeoutMs?: number;
  /** How many execs of `true` at once. Default 60; every second attempt takes 40 more, of `sleep 1`. */
  readonly execs?: number;
  /** How long nothing may move before it counts as deadlocked. Default 5 s. */
  readonly quietMs?: number;
  /** Also demand the proof from a goroutine dump (one SIGUSR1). Default false: then the shim never got a signal. */
  readonly proveByDump?: boolean;
  readonly onProgress?: OnProgress;
}

/** A shim that is really deadlocked. */
export interface DeadlockedShim {
  /** The container whose shim it is: the given one, or after a miss one with `-2`, `-3`, … behind its id. */
  readonly container: ShimContainer;
  readonly attempts: number;
  /** From the burst to the last movement that was seen of the shim, to 200 ms. */
  readonly afterMs: number;
  /** Unreaped children at that moment; may be none (the v1 shim has none). */
  readonly zombiePids: number[];
  /** The execs that hang. */
  readonly execs: Execs;
  /** The dump line, where `proveByDump` was set. */
  readonly dump?: string;
  /** Ends the hung execs. The shim stays as it is, for `containerd.stop()`. */
  readonly stop: () => Promise<void>;
}

const DEFAULTS = { attempts: 5, timeoutMs: 40_000, execs: 60, quietMs: 5000, proveByDump: false, onProgress: silent };

/**
 * Provokes the deadlock of containerd pull request 3529 in an affected shim by a burst of short execs, as exec probes and `kubectl exec` make
 * them, until it is there. The v1.2.0 shims fall into it in four bursts of five or more, after 1 to 5 s.
 * @throws FaultError KDR_FAULTS_MISSED after the last attempt (always, if the shim is not an affected one)
 */
export async function deadlockShim(container: ShimContainer, options: DeadlockShim = {}): Promise<DeadlockedShim> {
  const { attempts, timeoutMs, execs, quietMs, proveByDump, onProgress } = { ...DEFAULTS, ...options };
  let current = container;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    onProgress(`Attempt ${attempt}: ${execs} execs at once in container ${current.id} (shim ${current.shimPid})`);
    // Which command meets the race depends on how fast the machine starts and reaps: what missed is followed by the other.
    const burst = attempt % 2 === 1 ? burstOfExecs(current, execs) : burstOfExecs(current, execs + 40, ['/bin/sleep', '1']);
    const { stands, lastChangeMs } = await awaitStandstill(current.shimIdentity, burst.unfinished, { quietMs, timeoutMs });
    const dump = stands && proveByDump ? await dumpOf(current) : undefined;
    if (stands && (!proveByDump || (dump !== undefined && showsDeadlock(dump)))) {
      const zombiePids = zombiesOf(current.shimPid).map(({ pid }) => pid);
      onProgress(`Shim ${current.shimPid} is deadlocked: nothing moved since ${lastChangeMs} ms after the burst`);
      return { container: current, attempts: attempt, afterMs: lastChangeMs, zombiePids, execs: burst, dump, stop: burst.stop };
    }
    await burst.stop();
    if (attempt < attempts) current = await startAgain(container, current, attempt + 1);
  }
  throw new FaultError(
    'KDR_FAULTS_MISSED',
    `The shim of ${container.id} did not deadlock in ${attempts} bursts of ${execs} execs. Try again.`,
  );
}

async function startAgain(first: ShimContainer, previous: ShimContainer, attempt: number): Promise<ShimContainer> {
  await removeContainer(previous);
  return startShimContainer(first.containerd, { id: `${first.id}-${attempt}`, shim: first.shim });
}
