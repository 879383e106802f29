import { parseArgs } from 'node:util';
import { KdrError, codedAs } from '@kdr/api-types';

/**
 * The group that `--group` names.
 * @throws KdrError KDR_CLI_USAGE, which lists the groups.
 */
export function readGroup<T extends string>(argv: readonly string[], groups: readonly T[]): T {
  const options = { group: { type: 'string' } } as const;
  const given = codedAs('KDR_CLI_USAGE', () => parseArgs({ args: [...argv], options }).values.group);
  const group = groups.find((one) => one === given);
  if (group === undefined) throw new KdrError('KDR_CLI_USAGE', `--group must be one of ${groups.join(', ')}, not "${given ?? ''}"`);
  return group;
}
