import { type AbnormalStatus, API_VERSION, type Condition, RESOURCES } from '@kdr/api-types';
import type { ApiClient } from '@kdr/controller-runtime';

const target = { kind: 'Process', process: { bootId: 'b', pid: 4242, startTicks: '7' } } as const;
/** A condition of an Abnormal that is True, since now. */
export const condition = (type: string, reason: string): Condition => ({
  type,
  status: 'True',
  reason,
  lastTransitionTime: new Date().toISOString(),
});

/** The status of an Abnormal that waits for a grant. @param id of its proposal */
export function proposed(id: string): AbnormalStatus {
  const now = new Date().toISOString();
  return {
    phase: 'Recovering',
    conditions: [condition('InformationCollected', 'Collected'), condition('Identified', 'Identified')],
    diagnosis: {
      diagnoser: 'd',
      cause: 'Broken',
      title: 'it is broken',
      severity: 'warning',
      confidence: 'high',
      evidence: [{ title: 'seen' }],
      target,
      identifiedAt: now,
    },
    recovery: {
      proposal: { id, recoverer: 'r', target, plannedActions: [{ action: 'Kill', description: 'kills it' }], proposedAt: now },
    },
  };
}

/**
 * The agent of n1, as far as it is needed: creates an Abnormal in `default` and brings it to where it waits for a grant.
 * @param id of its proposal; default `NAME-p`
 */
export async function propose(agent: ApiClient, name: string, id = `${name}-p`): Promise<void> {
  const at = { namespace: 'default', name };
  await agent.create(RESOURCES.Abnormal, {
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: at,
    spec: { source: 'Custom', fault: 'Broken', nodeName: 'n1', processReference: { pid: 4242 } },
  });
  for (const status of [{ phase: 'InformationCollecting' }, { phase: 'Diagnosing' }, proposed(id)])
    await agent.patch(RESOURCES.Abnormal, at, { status }, { type: 'merge', subresource: 'status' });
}
