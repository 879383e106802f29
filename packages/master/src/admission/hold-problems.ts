import type { RecoveryHold } from '@kdr/api-types';
import type { Problem } from './problem.ts';

/** A hold that is over when it begins would hold nothing, and whoever made it would not know. */
export function holdProblems({ spec }: Pick<RecoveryHold, 'spec'>, now: number): Problem[] {
  if (spec.expiresAt === undefined || Date.parse(spec.expiresAt) > now) return [];
  return [{ field: 'spec.expiresAt', message: `${spec.expiresAt} is over: it is ${new Date(now).toISOString()}` }];
}
