import { peel } from './envelope.ts';
import type { ScanMeter } from './scan-meter.ts';

/** One physical line of the text with its envelopes taken off. */
export interface LogRecord {
  text: string;
  /** 1-based line of the whole text. */
  line: number;
  source: string;
  time?: string;
  partial: boolean;
  fields?: Record<string, string>;
}

const maxEnvelopes = 4; // journald around docker's JSON around a timestamp is three
const anyHeader = /^(.{1,200}?)goroutine \d{1,19} \[[^\]]{1,200}\]:$/;

/** Splits a text into records: lines without `\r`, journald and docker prefixes, JSON and the like. */
export class RecordReader {
  readonly #envelopes: Set<string>;
  readonly #meter: ScanMeter;
  #source = '';
  /** A prefix that no known logger writes, with its digits masked; found on the first header that stands behind one. */
  #unknownPrefix = '';

  constructor(envelopes: Set<string>, meter: ScanMeter) {
    this.#envelopes = envelopes;
    this.#meter = meter;
  }

  /** @param from offset of the first character to read, which begins line `firstLine`. */
  *read(text: string, from: number, firstLine: number): Generator<LogRecord> {
    let line = firstLine;
    for (let at = from; at < text.length; line++) {
      const found = text.indexOf('\n', at);
      const end = found === -1 ? text.length : found;
      this.#meter.look(end - at + 1);
      yield this.#record(text.slice(at, end > at && text[end - 1] === '\r' ? end - 1 : end), line);
      at = end + 1;
    }
  }

  #record(raw: string, line: number): LogRecord {
    const record: LogRecord = { text: raw, line, source: '', partial: false };
    const sources: string[] = [];
    for (let depth = 0; depth < maxEnvelopes; depth++) {
      this.#meter.look(Math.min(record.text.length, 1024) + (record.text.startsWith('{') ? record.text.length : 0));
      const peeled = peel(record.text);
      if (!peeled) break;
      record.text = peeled.text;
      record.partial ||= peeled.partial ?? false;
      record.time = peeled.time ?? record.time;
      record.fields = peeled.fields ?? record.fields;
      if (peeled.source) sources.push(peeled.source);
      if (peeled.envelope) this.#envelopes.add(peeled.envelope);
    }
    this.#dropUnknownPrefix(record);
    // A line without an envelope continues the record before it (a logger that prefixes only the first line of a message).
    if (sources.length > 0) this.#source = sources.join(' ');
    record.source = this.#source;
    return record;
  }

  #dropUnknownPrefix(record: LogRecord): void {
    if (record.text.length > 4096) return;
    this.#meter.look(Math.min(record.text.length, 256));
    const match = record.text.endsWith(']:') && !record.text.includes('\\n') ? anyHeader.exec(record.text) : null;
    if (match?.[1] !== undefined && match[1].trim() !== '') this.#unknownPrefix = mask(match[1]);
    const prefix = this.#unknownPrefix;
    if (prefix === '' || mask(record.text.slice(0, prefix.length)) !== prefix) return;
    record.text = record.text.slice(prefix.length);
    this.#envelopes.add('other');
  }
}

function mask(prefix: string): string {
  return prefix.replaceAll(/\d/g, '0');
}
