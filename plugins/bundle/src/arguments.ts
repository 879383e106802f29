import { parseArgs } from 'node:util';
import { KdrError } from '@kdr/api-types';

/**
 * The group that `--group` names.
 * @throws KdrError KDR_CLI_USAGE, which lists the groups.
 */
export function readGroup<T extends string>(argv: readonly string[], groups: readonly T[]): T {
  let given: string | undefined;
  try {
    given = parseArgs({ args: [...argv], options: { group: { type: 'string' } } }).values.group;
  } catch (cause) {
    throw new KdrError('KDR_CLI_USAGE', (cause as Error).message, { cause });
  }
  const group = groups.find((one) => one === given);
  if (group === undefined) throw new KdrError('KDR_CLI_USAGE', `--group must be one of ${groups.join(', ')}, not "${given ?? ''}"`);
  return group;
}
