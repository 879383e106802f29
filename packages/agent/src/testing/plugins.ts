import type { ActAnswer, DiagnoseAnswer, PlanAnswer, ProbeAnswer, Purpose, TargetIdentity } from '@kdr/api-types';
import { createProcfs, processIdentity } from '@kdr/linux';
import { defineDiagnoser, defineRecoverer } from '@kdr/plugin-sdk';

/** A fault that the test makes and unmakes, and what its plugins have been asked. */
export interface TestFault {
  present: boolean;
  target: TargetIdentity;
  asked: Purpose[];
  acts: string[];
}

/** A fault of a process. Nobody signals it: that is what real recoverers do. */
export function testFault(pid: number): TestFault {
  const identity = processIdentity(createProcfs(), pid);
  if (!identity) throw new Error(`no process ${pid}`);
  return { present: true, target: { kind: 'Process', process: identity }, asked: [], acts: [] };
}

type Answers = Partial<Record<Purpose, (signal: AbortSignal) => DiagnoseAnswer | Promise<DiagnoseAnswer>>>;

/** Identifies the fault while it is present. */
export function diagnoserOf(
  fault: TestFault,
  answers: Answers = {},
  name = 'test-diagnoser',
  more: { needs?: string[]; intrusive?: ['Signal'] } = {},
) {
  return defineDiagnoser({
    name,
    ...more,
    diagnose: async ({ purpose, signal }) => {
      fault.asked.push(purpose);
      const answer = answers[purpose];
      if (answer) return answer(signal);
      return fault.present ? identified(fault) : { outcome: 'NotIdentified', reason: 'the fault is not there' };
    },
  });
}

export function identified(fault: TestFault, cause = 'TestCause'): DiagnoseAnswer {
  return {
    outcome: 'Identified',
    cause,
    title: 'the test fault',
    severity: 'warning',
    confidence: 'high',
    evidence: [{ title: 'seen', detail: 'the test made it' }],
    target: fault.target,
    recommendation: [],
  };
}

interface Recovery {
  plan?: () => PlanAnswer | Promise<PlanAnswer>;
  act?: (attemptId: string) => ActAnswer | Promise<ActAnswer>;
  probe?: () => ProbeAnswer;
  timeoutSeconds?: number;
}

/** Ends the fault. */
export function recovererOf(fault: TestFault, recovery: Recovery = {}, name = 'test-recoverer', priority = 100) {
  return defineRecoverer({
    name,
    priority,
    timeoutSeconds: recovery.timeoutSeconds,
    plan: () => recovery.plan?.() ?? { outcome: 'Planned', actions: [{ action: 'EndFault', description: 'ends the test fault' }] },
    act: async ({ attemptId }) => {
      fault.acts.push(attemptId);
      if (recovery.act) return recovery.act(attemptId);
      fault.present = false;
      return { outcome: 'Acted', actions: [{ action: 'EndFault', description: 'ended the test fault' }] };
    },
    ...(recovery.probe && { probe: recovery.probe }),
  });
}

/** An answer that never comes: hangs until the caller is gone. */
export function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('the call has ended'))));
}
