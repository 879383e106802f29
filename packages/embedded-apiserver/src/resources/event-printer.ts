import { isObject } from '../api/object.ts';
import { createTablePrinter } from '../printing/table.ts';
import type { PrinterColumn, TablePrinter } from '../printing/table.ts';

const columns: PrinterColumn[] = [
  { name: 'Last Seen', type: 'date', jsonPath: '.lastSeen' },
  { name: 'Type', type: 'string', jsonPath: '.type' },
  { name: 'Reason', type: 'string', jsonPath: '.reason' },
  { name: 'Object', type: 'string', jsonPath: '.object' },
  { name: 'Source', type: 'string', jsonPath: '.source', priority: 1 },
  { name: 'Message', type: 'string', jsonPath: '.message' },
  { name: 'Count', type: 'integer', jsonPath: '.count', priority: 1 },
];

/** The table of Events in either version, as kubectl shows it: the object as `kind/name`, the newest of its times. */
export function createEventPrinter(now: () => number): TablePrinter {
  const { columnDefinitions, cells } = createTablePrinter(columns, now);
  return { columnDefinitions, cells: (event) => cells(flatten(event as Record<string, unknown>)) };
}

function flatten(event: Record<string, unknown>): object {
  const metadata = part(event['metadata']);
  const about = part(event['involvedObject'] ?? event['regarding']);
  const series = part(event['series']);
  const source = part(event['source'] ?? event['deprecatedSource']);
  return {
    metadata,
    type: event['type'],
    reason: event['reason'],
    message: event['message'] ?? event['note'],
    object: `${String(about['kind'] ?? '').toLowerCase()}/${String(about['name'] ?? '')}`,
    source: source['component'] ?? event['reportingComponent'] ?? event['reportingController'],
    count: series['count'] ?? event['count'] ?? event['deprecatedCount'] ?? 1,
    lastSeen:
      series['lastObservedTime'] ??
      event['lastTimestamp'] ??
      event['deprecatedLastTimestamp'] ??
      event['eventTime'] ??
      metadata['creationTimestamp'],
  };
}

function part(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
