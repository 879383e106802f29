import { parseArgs } from 'node:util';

/**
 * The group that `--group` names.
 * @throws Error that lists the groups.
 */
export function readGroup<T extends string>(argv: string[], groups: readonly T[]): T {
  const { values } = parseArgs({ args: argv, options: { group: { type: 'string' } } });
  const group = groups.find((one) => one === values.group);
  if (group === undefined) throw new Error(`--group must be one of ${groups.join(', ')}, not "${values.group ?? ''}"`);
  return group;
}

/** Calls back when whoever started this program has died: `kdr up` holds the other end of our standard input. */
export function onParentGone(env: Record<string, string | undefined>, stop: () => void): void {
  if (env.KDR_PARENT_PIPE === undefined) return;
  process.stdin.on('end', stop).on('error', stop).resume();
  process.stdin.unref?.();
}
