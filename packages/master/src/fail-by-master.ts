import { type Abnormal, type Reason, RESOURCES, isTerminal, transition } from '@kdr/api-types';
import { type ApiClient, patchStatus } from '@kdr/controller-runtime';

/** Fails an Abnormal for one of the master's reasons; does nothing where the state machine does not allow it (it ended meanwhile). */
export function failByMaster(client: ApiClient, abnormal: Abnormal, reason: Reason, message: string): Promise<Abnormal> {
  return patchStatus(client, RESOURCES.Abnormal, abnormal, (fresh) => {
    const phase = fresh.status?.phase;
    if (isTerminal(phase) || transition(phase, 'Failed', 'master', reason) === undefined) return undefined;
    return { ...fresh.status, phase: 'Failed', reason, message, completionTime: new Date().toISOString() };
  });
}
