import { isNewestFirst } from './direction.ts';
import { DumpReader } from './dump-reader.ts';
import { unescapeDump } from './escape.ts';
import { describeText } from './text-kind.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { classifyLine } from './line.ts';
import { joinMessages, type Message } from './message.ts';
import type { GoroutineDump, ParsedText, Wrapping } from './model.ts';
import { RecordReader } from './record.ts';
import { ScanMeter } from './scan-meter.ts';
import { Stream } from './stream.ts';

/**
 * Finds every Go goroutine dump in a text, whatever logger, terminal or tool the text went through, and says what the text is
 * when it holds none. Never throws; time is linear in the length of the text, memory is bounded by the limits.
 * Strings of the answer may share memory with the text.
 */
export function parseGoroutineDumps(text: string, limits: Partial<Limits> = {}): ParsedText {
  const all = { ...defaultLimits, ...limits };
  const meter = new ScanMeter();
  const wrapping: Wrapping = { envelopes: [], escapes: 0, reversed: false, joinedPieces: 0 };
  const streams = readStreams(text, all, meter, wrapping);
  const count = { goroutines: 0 };
  const dumps = newest(
    [...streams].flatMap((stream) => readDumps(stream, all, meter, wrapping, count)),
    all,
    meter,
  );
  const { kind, description } = describeText(text, dumps, meter);
  const limitsReached = [...meter.limitsReached].sort();
  return { kind, description, dumps, wrapping, truncated: limitsReached.length > 0, limitsReached, scanned: meter.scanned };
}

function readStreams(text: string, limits: Limits, meter: ScanMeter, wrapping: Wrapping): Iterable<Stream> {
  const start = startOfEnd(text, limits, meter);
  const envelopes = new Set<string>();
  const streams = new Map<string, Stream>();
  for (const record of new RecordReader(envelopes, meter).read(text, start.offset, start.line)) {
    let stream = streams.get(record.source);
    if (!stream) streams.set(record.source, (stream = new Stream(record.source)));
    stream.add(record, limits.maxLineCharacters, meter);
  }
  wrapping.envelopes = [...envelopes];
  return streams.values();
}

/** Where to begin so that the limits hold: the end of a log is its newest part. */
function startOfEnd(text: string, limits: Limits, meter: ScanMeter): { offset: number; line: number } {
  meter.look(text.length);
  let offset = Math.max(0, text.length - limits.maxCharacters);
  if (offset > 0) meter.limit('maxCharacters');
  const breaks: number[] = [];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) breaks.push(at);
  const cut = breaks[breaks.length - limits.maxLines - 1];
  if (cut !== undefined && cut + 1 > offset) {
    offset = cut + 1;
    meter.limit('maxLines');
  }
  const before = breaks.findIndex((at) => at >= offset);
  return { offset, line: (before === -1 ? breaks.length : before) + 1 };
}

function readDumps(stream: Stream, limits: Limits, meter: ScanMeter, wrapping: Wrapping, count: { goroutines: number }): GoroutineDump[] {
  const reader = new DumpReader(stream.source, limits, meter, count);
  const entries = stream.entries;
  if (isNewestFirst(entries, meter)) {
    entries.reverse();
    wrapping.reversed = true;
  }
  for (const message of joinMessages(entries, meter)) readMessage(message, reader, limits, meter, wrapping);
  reader.finish();
  return reader.dumps;
}

function readMessage(message: Message, reader: DumpReader, limits: Limits, meter: ScanMeter, wrapping: Wrapping): void {
  const { record } = message;
  const context = { line: record.line, time: record.time, fields: record.fields };
  if (message.line) return reader.take(message.line, context, message.gap);
  wrapping.joinedPieces += message.pieces - 1;
  const { text, depth } = unescapeDump(record.text, meter);
  wrapping.escapes = Math.max(wrapping.escapes, depth);
  let gap = message.gap;
  for (const line of text.split('\n')) {
    meter.look(line.length + 1);
    reader.take(line.length > limits.maxLineCharacters ? { type: 'junk' } : classifyLine(line), context, gap);
    gap = 0;
  }
}

/** Of all streams together the newest dumps; dumps of one stream keep their order, streams are merged by time where all have one. */
function newest(dumps: GoroutineDump[], limits: Limits, meter: ScanMeter): GoroutineDump[] {
  const times = dumps.map((dump) => Date.parse(dump.time ?? ''));
  const inOrder = times.some(Number.isNaN)
    ? dumps.toSorted((a, b) => a.line - b.line)
    : dumps
        .map((dump, at) => ({ dump, time: times[at] ?? 0 }))
        .toSorted((a, b) => a.time - b.time)
        .map(({ dump }) => dump);
  if (inOrder.length <= limits.maxDumps) return inOrder;
  meter.limit('maxDumps');
  return inOrder.slice(-limits.maxDumps);
}
