import type { CollectRequest, DiagnoseRequest, Mode, RecoverRequest } from '@kdr/api-types';

/** Requests of the tests: whole, and about nobody. */
export const COLLECT: CollectRequest = {
  protocol: 'v1',
  requestId: 'r-1',
  attempt: 1,
  deadline: '2099-01-01T00:00:00Z',
  node: { name: 'n', bootId: 'b' },
  abnormal: { namespace: 'd', name: 'a', uid: 'u', spec: { source: 'Custom', fault: 'X', processReference: { pid: 4194304 } } },
  information: {},
  parameters: {},
};
export const DIAGNOSE: DiagnoseRequest = { ...COLLECT, purpose: 'Diagnose' };

const target = { kind: 'Process', process: { bootId: 'b', pid: 4194304, startTicks: '1' } } as const;
export function recover(mode: Mode): RecoverRequest {
  const diagnosis = { diagnoser: 'd', cause: 'C', title: 't', severity: 'info', confidence: 'low', evidence: [] } as const;
  return {
    ...COLLECT,
    mode,
    target,
    attemptId: 'a-1',
    diagnosis: { ...diagnosis, evidence: [], target, identifiedAt: '2026-01-01T00:00:00Z' },
  };
}
