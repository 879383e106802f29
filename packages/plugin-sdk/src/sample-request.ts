import { randomUUID } from 'node:crypto';
import type { AbnormalSpec, Diagnosis, Envelope, Mode, Purpose, Role, TargetIdentity } from '@kdr/api-types';
import type { PluginRequest } from './plugin.ts';

/** The parts of a request that a test cares about; everything else is filled in. */
export interface SampleOptions {
  /** Over a Custom Abnormal about a process that does not exist. */
  spec?: Partial<AbnormalSpec>;
  parameters?: Record<string, unknown>;
  /** `data` by collector, as `needs` would have brought it. */
  information?: Record<string, Record<string, unknown>>;
  node?: Envelope['node'];
  /** Diagnoser. Default Diagnose. */
  purpose?: Purpose;
  /** Recoverer. Default Plan. */
  mode?: Mode;
  /** Over a sample; a diagnoser gets none where this is absent. */
  diagnosis?: Partial<Diagnosis>;
  target?: TargetIdentity;
  attemptId?: string;
  callback?: Envelope['callback'];
  requestId?: string;
  /** Milliseconds until the deadline. Default 10,000. */
  deadlineMs?: number;
}

/** A process that no machine has: the highest pid that Linux knows, started in a boot that never was. */
export const NOBODY: TargetIdentity = {
  kind: 'Process',
  process: { bootId: '00000000-0000-0000-0000-000000000000', pid: 4194304, startTicks: '1' },
};

function collected(information: SampleOptions['information'] = {}): Envelope['information'] {
  const collectedAt = new Date().toISOString();
  return Object.fromEntries(Object.entries(information).map(([name, data]) => [name, { summary: name, data, collectedAt }]));
}

function sampleDiagnosis(options: SampleOptions, target: TargetIdentity): Diagnosis {
  return {
    ...{ diagnoser: 'sample', cause: 'Sample', title: 'a sample', severity: 'info', confidence: 'low' },
    ...{ evidence: [{ title: 'a sample' }], target, identifiedAt: new Date().toISOString() },
    ...options.diagnosis,
  };
}

function sampleEnvelope({ spec, parameters = {}, node, callback, requestId, deadlineMs = 10_000, information }: SampleOptions): Envelope {
  return {
    protocol: 'v1',
    requestId: requestId ?? randomUUID(),
    attempt: 1,
    deadline: new Date(Date.now() + deadlineMs).toISOString(),
    node: node ?? { name: 'sample', bootId: '00000000-0000-0000-0000-000000000000' },
    abnormal: {
      ...{ namespace: 'default', name: 'sample', uid: randomUUID() },
      spec: { source: 'Custom', fault: 'Sample', processReference: { pid: 4194304 }, ...spec },
    },
    information: collected(information),
    parameters,
    ...(callback && { callback }),
  };
}

/** A whole request of a role. */
export function sampleRequest(role: Role, options: SampleOptions = {}): PluginRequest {
  const envelope = sampleEnvelope(options);
  if (role === 'collector') return envelope;
  const target = options.target ?? options.diagnosis?.target ?? NOBODY;
  if (role === 'diagnoser') {
    const before = options.diagnosis && { diagnosis: sampleDiagnosis(options, target) };
    return { ...envelope, purpose: options.purpose ?? 'Diagnose', ...before };
  }
  const { mode = 'Plan', attemptId } = options;
  return { ...envelope, mode, target, diagnosis: sampleDiagnosis(options, target), ...(attemptId !== undefined && { attemptId }) };
}
