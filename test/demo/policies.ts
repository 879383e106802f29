import { API_VERSION, RESOURCES } from '@kdr/api-types';
import { type ApiClient, ApiError } from '@kdr/controller-runtime';
import type { Culprit } from './fault.ts';

/** Everything else on this machine is looked at without touching it, and left alone. */
export async function observeEverything(client: ApiClient): Promise<void> {
  await client.patch(
    RESOURCES.RecoveryPolicy,
    { name: 'default' },
    { spec: { mode: 'Observe', intrusiveDiagnosis: 'Deny' } },
    { type: 'merge' },
  );
}

/** KDR may act on exactly this process: pid, start and boot. */
export async function allowOnly(client: ApiClient, { pid, startTicks, bootId }: Culprit): Promise<void> {
  const same = (path: string) => `${path}.pid == ${pid} && ${path}.startTicks == '${startTicks}' && ${path}.bootId == '${bootId}'`;
  const spec = {
    match: {
      expression: `has(spec.processReference) && ${same('spec.processReference')}`,
      targetExpression: `has(target.process) && ${same('target.process')}`,
    },
    mode: 'Auto',
    intrusiveDiagnosis: 'Allow',
    soakSeconds: 3,
  };
  const policy = { apiVersion: API_VERSION, kind: 'RecoveryPolicy', metadata: { name: 'demo' }, spec };
  await client.create(RESOURCES.RecoveryPolicy, policy).catch(async (error: unknown) => {
    if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
    await client.patch(RESOURCES.RecoveryPolicy, { name: 'demo' }, { spec }, { type: 'merge' });
  });
}
