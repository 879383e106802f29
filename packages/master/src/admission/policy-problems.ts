import type { RecoveryPolicy } from '@kdr/api-types';
import { compileCondition } from '@kdr/api-types/match';
import { type Problem, problemOf } from './problem.ts';

/** Whether the conditions of a RecoveryPolicy compile: one that does not would forbid every repair (Observe). */
export function policyProblems({ spec }: Pick<RecoveryPolicy, 'spec'>): Problem[] {
  const { expression, targetExpression } = spec.match ?? {};
  return [
    ...(expression === undefined ? [] : problemOf('spec.match.expression', () => compileCondition(expression, ['spec']))),
    ...(targetExpression === undefined
      ? []
      : problemOf('spec.match.targetExpression', () => compileCondition(targetExpression, ['target']))),
  ];
}
