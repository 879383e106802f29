import { beginMarker, endMarker } from './line.ts';
import type { ScanMeter } from './scan-meter.ts';
import type { Entry } from './stream.ts';

/**
 * True when the newest line comes first (a page of a log viewer). A header is followed by a call in the order of time and
 * preceded by one in the other; a message in pieces shows its END before its BEGIN.
 */
export function isNewestFirst(entries: readonly Entry[], meter: ScanMeter): boolean {
  let votes = 0;
  let begun = false;
  let ended = false;
  entries.forEach((entry, at) => {
    votes += headerVote(entries, at);
    const marker = loneMarker(entry, meter);
    if (marker === 'begin' && ended) votes -= 1;
    if (marker === 'end' && begun) votes += 1;
    // n whole dumps in a row make n votes against n - 1 this way, so their own order decides.
    if (marker) [begun, ended] = [marker === 'begin', marker === 'end'];
  });
  return votes < 0;
}

function headerVote(entries: readonly Entry[], at: number): number {
  if (entries[at]?.line?.type !== 'header') return 0;
  const next = entries[at + 1]?.line?.type;
  const previous = entries[at - 1]?.line?.type;
  if (next === 'call') return 1;
  return previous === 'call' ? -1 : 0;
}

function loneMarker(entry: Entry, meter: ScanMeter): 'begin' | 'end' | undefined {
  if (entry.line) return entry.line.type === 'begin' || entry.line.type === 'end' ? entry.line.type : undefined;
  meter.look(entry.record.text.length);
  const begins = entry.record.text.includes(beginMarker);
  const ends = entry.record.text.includes(endMarker);
  return begins === ends ? undefined : begins ? 'begin' : 'end';
}
