import type { AbnormalStatus, Information } from '@kdr/api-types';
import { LIMITS } from '@kdr/api-types';

/** Entries that the schema of the status allows. */
const MAX_ENTRIES = 32;

/**
 * What was collected, as it goes into the status: `data` up to 4 KiB each and 64 KiB in all; what does not fit lies in the node's store, and the
 * summary says so. Later answers take the place of earlier ones of the same collector.
 */
export function withInformation(status: AbnormalStatus, answers: readonly Information[]): AbnormalStatus {
  if (answers.length === 0) return status;
  const entries = new Map((status.information ?? []).map((entry) => [entry.collector, entry]));
  for (const answer of answers) entries.set(answer.collector, withoutLargeData(answer, LIMITS.statusDataBytes));
  return { ...status, information: withinBudget([...entries.values()].slice(-MAX_ENTRIES)) };
}

/**
 * What plugins asked back for. It never replaces what the stage collected: whether that is there decides which diagnosers can be asked. Then only
 * the name of the plugin is added.
 */
export function withAskedBack(status: AbnormalStatus, answers: readonly Information[]): AbnormalStatus {
  const answer = (entry: Information): Information => {
    const known = status.information?.find(({ collector }) => collector === entry.collector);
    if (!known || known.outcome !== 'Collected') return entry;
    const by = new Set([known.requestedBy ?? 'spec', entry.requestedBy ?? '?'].flatMap((names) => names.split(', ')));
    return { ...known, requestedBy: [...by].join(', ').slice(0, 253) };
  };
  return withInformation(status, answers.map(answer));
}

function withinBudget(entries: Information[]): Information[] {
  let left: number = LIMITS.statusInformationBytes;
  return entries.map((entry) => {
    const size = sizeOf(entry);
    const kept = size <= left ? entry : withoutLargeData(entry, 0);
    left -= size <= left ? size : sizeOf(kept);
    return kept;
  });
}

function withoutLargeData(entry: Information, limit: number): Information {
  const { data, ...rest } = entry;
  if (data === undefined || sizeOf(data) <= limit) return entry;
  return { ...rest, summary: `${rest.summary ?? ''} (${sizeOf(data)} bytes of data in the node's store)`.trim().slice(0, 1024) };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
