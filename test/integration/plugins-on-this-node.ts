import type { Diagnosis, DiagnoseAnswer, RecoverAnswer, TargetIdentity } from '@kdr/api-types';
import { plugin as containerCollector } from '@kdr/collector-container';
import { plugin as processCollector } from '@kdr/collector-process';
import type { Plugin } from '@kdr/plugin-sdk';
import { type Answers, type PluginUnderTest, type SampleOptions, startPlugin } from '@kdr/plugin-sdk/testing';

type Data = Record<string, unknown>;
export type Spec = NonNullable<SampleOptions['spec']>;

/** Asks a collector as an agent does; `undefined` where it has nothing to say. */
export async function collect(collector: Plugin, spec: Spec, parameters?: Data): Promise<Data | undefined> {
  const served = await startPlugin(collector);
  try {
    const answer = await served.ask({ spec, parameters });
    return 'data' in answer ? answer.data : undefined;
  } finally {
    await served.close();
  }
}

async function collected(spec: Spec): Promise<NonNullable<SampleOptions['information']>> {
  const [process, container] = [await collect(processCollector, spec), await collect(containerCollector, spec)];
  return { ...(process && { process }), ...(container && { container }) };
}

/** Collects anew, then asks the diagnoser: what an agent does for every purpose. */
export async function diagnose(diagnoser: Plugin, spec: Spec, options: SampleOptions = {}): Promise<DiagnoseAnswer> {
  const information = await collected(spec);
  const served = await startPlugin(diagnoser, { collectors: information });
  try {
    return (await served.ask({ deadlineMs: 60_000, spec, information, ...options })) as DiagnoseAnswer;
  } finally {
    await served.close();
  }
}

/** The diagnosis that an agent would keep of an answer. Fails the test where the answer is no diagnosis. */
export function diagnosisOf(answer: DiagnoseAnswer): Diagnosis {
  if (answer.outcome !== 'Identified') throw new Error(`not identified: ${JSON.stringify(answer)}`);
  const { outcome: _outcome, artifacts: _artifacts, ...said } = answer;
  return { ...said, diagnoser: 'containerd-shim-deadlock', identifiedAt: new Date().toISOString() };
}

/** A recoverer that runs until `close`, so that its records of attempts live as long. */
export interface RunningRecoverer {
  ask(mode: 'Plan' | 'Act' | 'Probe', options?: { attemptId?: string; parameters?: Data }): Promise<RecoverAnswer>;
  close(): Promise<void>;
}

/** Serves a recoverer for one diagnosis. What it hears when it asks the collector `container` back was collected right before. */
export async function startRecoverer(recoverer: Plugin, diagnosis: Diagnosis): Promise<RunningRecoverer> {
  const answers: Answers = {};
  const served: PluginUnderTest = await startPlugin(recoverer, answers);
  const target: TargetIdentity = diagnosis.target;
  return {
    async ask(mode, { attemptId, parameters } = {}) {
      const container = await collect(containerCollector, {}, { pid: target.process?.pid });
      answers.collectors = container ? { container } : {};
      return (await served.ask({ deadlineMs: 60_000, mode, attemptId, parameters, diagnosis, target })) as RecoverAnswer;
    },
    close: () => served.close(),
  };
}
