import type { Abnormal, DiagnosisAttempt, Information } from '@kdr/api-types';
import type { Clock, Logger } from '@kdr/controller-runtime';
import type { WorkClock, WorkSpan } from './work-clock.ts';
import type { AgentOptions } from '../options.ts';

/** One reconcile of one Abnormal: what is known of it now, and how long it may still take. */
export interface Work {
  /** As it was read or written last. */
  abnormal: Abnormal;
  readonly uid: string;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** What plugins have asked back for; written with the next change. */
  readonly askedBack: { information: Information[]; diagnoses: DiagnosisAttempt[] };
  /** Milliseconds of work that are left, of the stage and of `spec.deadlineSeconds`. */
  left(): number;
  /** From now on at least so much is left: what has been begun is brought to its end, deadline or not. */
  allow(ms: number): void;
  /** Milliseconds of work that the present stage has taken. */
  stageMs(): number;
  /** Waits for something without counting the time as work. */
  pause<T>(wait: () => Promise<T>): Promise<T>;
  end(): void;
}

interface Begin {
  abnormal: Abnormal;
  signal: AbortSignal;
  logger: Logger;
  workClock: WorkClock;
  options: AgentOptions;
  clock: Clock;
}

export function beginWork({ abnormal, signal, logger, workClock, options, clock }: Begin): Work {
  let span: WorkSpan = workClock.begin(abnormal);
  const stageLimit = {
    InformationCollecting: options.informationSeconds,
    Diagnosing: options.diagnosisSeconds,
    Recovering: options.recoverySeconds,
  };
  const limitMs = (phase: string | undefined): number =>
    (stageLimit[phase as keyof typeof stageLimit] ?? options.informationSeconds) * 1000;
  let pauses = 0;
  let allowedUntil = 0;
  const work: Work = {
    abnormal,
    uid: abnormal.metadata.uid ?? '',
    signal,
    logger,
    askedBack: { information: [], diagnoses: [] },
    left: () => {
      const { stageMs, totalMs } = span.worked(work.abnormal);
      const total = work.abnormal.spec.deadlineSeconds;
      const left = Math.min(limitMs(work.abnormal.status?.phase) - stageMs, total === undefined ? Infinity : total * 1000 - totalMs);
      return Math.max(left, allowedUntil - clock.now());
    },
    allow: (ms) => (allowedUntil = clock.now() + ms),
    stageMs: () => span.worked(work.abnormal).stageMs,
    pause: async (wait) => {
      // Parallel calls of one stage pause together: the clock stands while all that is left to do is to wait, which is when the first pauses.
      pauses += 1;
      if (pauses === 1) span.end();
      try {
        return await wait();
      } finally {
        pauses -= 1;
        if (pauses === 0) span = workClock.begin(work.abnormal);
      }
    },
    end: () => span.end(),
  };
  return work;
}
