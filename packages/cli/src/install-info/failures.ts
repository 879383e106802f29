import type { Abnormal } from '@kdr/api-types';

/** How many failures a report shows: the newest. */
const MOST = 20;

/** Why the last Abnormals failed. Without `full` nothing in it says whose they were. */
export function failuresIn(abnormals: readonly Abnormal[], full: boolean): object[] {
  const time = ({ metadata, status }: Abnormal) => Date.parse(status?.completionTime ?? metadata.creationTimestamp ?? '') || 0;
  return abnormals
    .filter(({ status }) => status?.phase === 'Failed')
    .sort((a, b) => time(b) - time(a))
    .slice(0, MOST)
    .map((abnormal) => ({ ...outcome(abnormal), ...(full ? subject(abnormal) : {}) }));
}

function outcome({ metadata, spec, status = {} }: Abnormal): object {
  return {
    at: status.completionTime ?? metadata.creationTimestamp,
    ...{
      fault: spec.fault,
      source: spec.source,
      reason: status.reason,
      cause: status.diagnosis?.cause,
      diagnoser: status.diagnosis?.diagnoser,
    },
    said: status.diagnosisAttempts?.map((one) => `${one.diagnoser}: ${one.outcome}`),
    recoverers: status.recovery?.attempts?.map((one) => `${one.recoverer}: ${one.outcome ?? 'open'}`),
  };
}

function subject({ metadata, spec, status = {} }: Abnormal): object {
  const { nodeName, podReference, containerReference, processReference, objectReference } = spec;
  return {
    ...{ namespace: metadata.namespace, name: metadata.name, message: status.message, nodeName },
    ...{ podReference, containerReference, processReference, objectReference },
    reasons: status.diagnosisAttempts?.map((one) => `${one.diagnoser}: ${one.reason}`),
  };
}
