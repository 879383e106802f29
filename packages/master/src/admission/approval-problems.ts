import type { RecoveryApproval } from '@kdr/api-types';
import type { Requester } from '@kdr/controller-runtime';
import type { AdmissionWorld } from './admission-world.ts';
import type { Problem } from './problem.ts';

/** A word counts only for a proposal that is there, and in one's own name. */
export async function approvalProblems(
  { metadata, spec }: Pick<RecoveryApproval, 'metadata' | 'spec'>,
  user: Requester,
  world: AdmissionWorld,
): Promise<Problem[]> {
  const own: Problem[] =
    spec.approver === user.username
      ? []
      : [{ field: 'spec.approver', message: `must be the user who creates the approval, "${user.username}"`, kind: 'Forbidden' }];
  const abnormal = await world.abnormal(metadata.namespace ?? '', spec.abnormal);
  if (abnormal === undefined)
    return [...own, { field: 'spec.abnormal', message: `there is no Abnormal "${spec.abnormal}" in namespace "${metadata.namespace}"` }];
  const { phase, recovery } = abnormal.status ?? {};
  const proposal = recovery?.proposal?.id;
  if (proposal === undefined || phase !== 'Recovering')
    return [...own, { field: 'spec.abnormal', message: `"${spec.abnormal}" waits for no approval: its phase is ${phase ?? 'not set'}` }];
  if (proposal === spec.proposalId) return own;
  return [
    ...own,
    { field: 'spec.proposalId', message: `the proposal of "${spec.abnormal}" is "${proposal}" now: look at the plan again (kdr explain)` },
  ];
}
