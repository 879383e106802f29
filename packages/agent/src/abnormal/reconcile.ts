import type { Abnormal } from '@kdr/api-types';
import { AGENT_FINALIZER, isTerminal } from '@kdr/api-types';
import { withAskedBack } from '../information/information-status.ts';
import { withDiagnosisAttempts } from '../diagnosis/diagnosis-attempts.ts';
import { mayStop } from '../recovery/next-step.ts';
import { failed } from './change.ts';
import type { Change, StagePhase } from './change.ts';
import type { Stage } from './pipeline.ts';
import type { StageResult } from './stage-result.ts';
import type { StatusWriter } from './status-writer.ts';
import type { Work } from './work.ts';

/** When to look again, if nothing happens before. */
export interface NextLook {
  afterMs: number | undefined;
}

interface ReconcileContext {
  pipeline: readonly Stage[];
  writer: StatusWriter;
  dropFinalizer: (abnormal: Abnormal) => Promise<Abnormal>;
  /** A stage is over; it took so many milliseconds of work. */
  onStageEnd: (phase: string, ms: number) => void;
}

/** Nobody needs so many steps; a bug that goes round in circles shows as an error with a growing delay, and not as a busy loop. */
const MAX_STEPS = 100;

/**
 * Takes one Abnormal as far as it goes now. Level-triggered: it looks at what is written and does the next thing, so it may be run twice, or begun
 * in the middle by another process. After a write it goes on with the object that the server returned.
 */
export async function advance(work: Work, context: ReconcileContext): Promise<NextLook> {
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const result = await step(work, context);
    if (result === 'done') return { afterMs: undefined };
    if ('waitMs' in result) return { afterMs: result.waitMs };
    if ('written' in result) work.abnormal = result.written;
    if ('change' in result) {
      if (work.signal.aborted && saysNothing(work.abnormal, result.change)) return { afterMs: undefined };
      const [phase, ms] = [work.abnormal.status?.phase, work.stageMs()];
      work.abnormal = await context.writer.write(work.abnormal, withAskedBackOf(work, result.change));
      if (phase !== undefined && work.abnormal.status?.phase !== phase) context.onStageEnd(phase, ms);
      await result.after?.(work.abnormal);
    }
    if (work.signal.aborted) return { afterMs: undefined };
  }
  throw new Error(`${work.abnormal.metadata.name} did not come to rest in ${MAX_STEPS} steps`);
}

async function step(work: Work, { pipeline, dropFinalizer }: ReconcileContext): Promise<StageResult | 'done'> {
  const { abnormal } = work;
  const phase = abnormal.status?.phase;
  const leaving = isTerminal(phase) || (abnormal.metadata.deletionTimestamp !== undefined && mayStop(abnormal.status?.recovery));
  if (leaving) {
    if (abnormal.metadata.finalizers?.includes(AGENT_FINALIZER)) await dropFinalizer(abnormal);
    return 'done';
  }
  if (phase === undefined) return { change: { phase: undefined, apply: (status) => status } };
  const stopped = whyStopped(work);
  if (stopped) return { change: failed(phase as StagePhase, stopped.reason, stopped.message) };
  const stage = pipeline.find((row) => row.phase === phase);
  if (!stage) throw new TypeError(`no stage works on phase ${phase}`);
  return stage.run(work);
}

/**
 * While this process stops its plugins go too (they share a pod): what fails then, or is passed over, says nothing of the fault. It is left out, and
 * the next process begins the stage anew. What was found stays, and what an act that was begun has done.
 */
function saysNothing({ status }: Abnormal, { verdict }: Change): boolean {
  return verdict === undefined ? mayStop(status?.recovery) : verdict.status === 'False';
}

/** A cancellation or a deadline, unless something has been begun that must be brought to its end. */
function whyStopped(work: Work): { reason: 'Cancelled' | 'TimedOut'; message: string } | undefined {
  const { spec, status } = work.abnormal;
  if (!mayStop(status?.recovery)) return undefined;
  if (spec.cancel) return { reason: 'Cancelled', message: 'spec.cancel was set before anything acted.' };
  if (work.left() > 0) return undefined;
  return {
    reason: 'TimedOut',
    message: `The deadline of ${status?.phase} (${Math.round(work.stageMs() / 1000)} s of work) or of the whole Abnormal has passed.`,
  };
}

/** What plugins asked back for goes into the status with the next write, whatever that is about. */
function withAskedBackOf(work: Work, change: Change): Change {
  const { information, diagnoses } = work.askedBack;
  if (information.length === 0 && diagnoses.length === 0) return change;
  const [asked, said] = [information.splice(0), diagnoses.splice(0)];
  const apply: Change['apply'] = (status, now) => {
    const applied = change.apply(status, now);
    return applied && withDiagnosisAttempts(withAskedBack(applied, asked), said);
  };
  return { ...change, apply };
}
