import type { PassedOver, Proposal, RecoverAnswer } from '@kdr/api-types';
import type { Failure } from '../plugins/plugin-caller.ts';

/**
 * Why a recoverer may not act any more on a proposal that was granted: asked again, it would do what the plan did not say, or needs a permit that
 * the gate was not asked for. Its registration may have been edited since, or the node is another one. Undefined: it may. Less than was planned is
 * allowed, and descriptions may change. Pure.
 */
export function planChange({ plannedActions }: Proposal, answer: RecoverAnswer | Failure): Omit<PassedOver, 'recoverer'> | undefined {
  if (answer.outcome !== 'Planned') {
    const reason = ('reason' in answer && answer.reason) || `asked again for its plan, it answered ${answer.outcome}`;
    return { outcome: answer.outcome, reason };
  }
  const granted = new Map<string, Set<string>>();
  for (const { action, requires = [] } of plannedActions) granted.set(action, new Set([...(granted.get(action) ?? []), ...requires]));
  const beyond = answer.actions.find(
    ({ action, requires = [] }) => requires.some((permit) => !granted.get(action)?.has(permit)) || !granted.has(action),
  );
  if (!beyond) return undefined;
  const permits = beyond.requires?.length ? ` (needs ${beyond.requires.join(', ')})` : '';
  return {
    outcome: 'PlanChanged',
    reason: `it would do ${beyond.action}${permits} now, which is not what was granted: ${beyond.description}`,
  };
}
