import { hasEscapedDump } from './escape.ts';
import { beginMarker, endMarker } from './line.ts';
import type { LogRecord } from './record.ts';
import type { ScanMeter } from './scan-meter.ts';
import { pieceLength, type Entry } from './stream.ts';

/** One log message: whole again where the logger had cut it. */
export interface Message {
  record: LogRecord;
  line?: Entry['line'];
  gap: number;
  pieces: number;
}

interface Open {
  entry: Entry;
  parts: string[];
  last: LogRecord;
  /** A line of another writer broke into the middle of the last piece. */
  cut: boolean;
  skipped: number;
  ended: boolean;
}

const maxSkipped = 16;
const logStart = /^(?:time="|level=|ts=\d|\{"|(?:INFO|WARN|ERRO|DEBU|FATA)\[\d)/;

/**
 * Joins the pieces of cut messages: records marked as partial (docker, CRI), and an escaped dump that goes on in the next
 * lines (journald cuts at LineMax, 48 KiB by default, journald.conf(5)).
 */
export function* joinMessages(entries: Iterable<Entry>, meter: ScanMeter): Generator<Message> {
  let open: Open | undefined;
  for (const entry of entries) {
    if (open) {
      const verdict = continuation(open, entry);
      if (verdict === 'append') {
        append(open, entry.record, meter);
        if (!open.ended) continue;
        yield close(open);
        open = undefined;
        continue;
      }
      if (verdict === 'skip') {
        open.skipped += 1;
        continue;
      }
      yield close(open);
      open = undefined;
    }
    if (!entry.line && isCut(entry.record, meter)) {
      open = { entry, parts: [], last: entry.record, cut: false, skipped: 0, ended: false };
      append(open, entry.record, meter);
    } else {
      yield { record: entry.record, line: entry.line, gap: entry.gap, pieces: 1 };
    }
  }
  if (open) yield close(open);
}

/** True when the record holds the beginning of a dump of which the end must be elsewhere. */
function isCut(record: LogRecord, meter: ScanMeter): boolean {
  if (record.partial) return true;
  meter.look(record.text.length);
  const begin = record.text.lastIndexOf(beginMarker);
  if (begin !== -1) return record.text[begin + beginMarker.length] === '\\' && !record.text.includes(endMarker, begin);
  return record.text.length >= pieceLength && !record.text.includes(endMarker) && hasEscapedDump(record.text, meter);
}

function continuation(open: Open, entry: Entry): 'append' | 'skip' | 'close' {
  if (open.last.partial) return 'append';
  const { text } = entry.record;
  const isOther = logStart.test(text);
  if (isOther) return text.includes(beginMarker) || open.skipped >= maxSkipped ? 'close' : 'skip';
  if (open.cut) return 'append';
  if (entry.line && entry.line.type !== 'junk' && entry.line.type !== 'end') return 'close';
  return text.includes('\\') || open.last.text.length >= pieceLength ? 'append' : 'close';
}

function append(open: Open, record: LogRecord, meter: ScanMeter): void {
  meter.look(record.text.length);
  // containerd copies a shim's log in blocks of 32 KiB, so a line of its own can stand inside: …(*Rtime="2024-…" level=info msg=…
  const foreign = record.partial ? -1 : foreignStart(record.text, open.parts.length === 0 ? record.text.indexOf(beginMarker) : 0);
  open.cut = foreign !== -1;
  open.parts.push(foreign === -1 ? record.text : record.text.slice(0, foreign));
  const tail = open.parts.slice(-2).join('');
  open.ended = !record.partial && (open.parts.length > 1 ? tail.includes(endMarker) : false);
  open.last = record;
}

function foreignStart(text: string, from: number): number {
  if (from === -1) return -1;
  const found = /[^\\]time="\d{4}-/.exec(text.slice(from));
  return found ? from + found.index + 1 : -1;
}

function close(open: Open): Message {
  const first = open.entry.record;
  const text = open.parts.join('');
  return {
    record: { ...first, text, partial: false, fields: open.last.fields ?? first.fields },
    gap: open.entry.gap,
    pieces: open.parts.length,
  };
}
