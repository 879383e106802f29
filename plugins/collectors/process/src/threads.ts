import type { ThreadInfo } from '@kdr/linux';
import type { ProcessFindings } from './findings.ts';

const MAX_GROUPS = 32;

/** Threads by state and kernel function, the most frequent first. */
export function threadGroups(threads: readonly ThreadInfo[]): ProcessFindings['threads']['groups'] {
  const groups = new Map<string, ProcessFindings['threads']['groups'][number]>();
  for (const { stat, wchan } of threads) {
    const key = `${stat.state} ${wchan ?? ''}`;
    const group = groups.get(key) ?? { state: stat.state, ...(wchan !== undefined && { waitsIn: wchan }), count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, MAX_GROUPS);
}
