import { classifyLine, type Line } from './line.ts';
import type { LogRecord } from './record.ts';
import type { ScanMeter } from './scan-meter.ts';

/** A record worth keeping, and how many uninteresting ones stood before it. */
export interface Entry {
  record: LogRecord;
  /** What the record says; absent for text that must be joined, unescaped or split first. */
  line?: Line;
  gap: number;
}

/** From this length on a line may be a piece that a logger cut off. */
export const pieceLength = 1024;

/** The records of one log stream. Ordinary log lines are only counted, so that a large log needs little memory. */
export class Stream {
  readonly source: string;
  readonly entries: Entry[] = [];
  #gap = 0;
  #held: LogRecord | undefined;

  constructor(source: string) {
    this.source = source;
  }

  add(record: LogRecord, maxLineCharacters: number, meter: ScanMeter): void {
    meter.look(record.text.length);
    if (isRaw(record) || record.text.length > maxLineCharacters) return this.#keepRaw(record);
    meter.look(record.text.length);
    const line = classifyLine(record.text);
    if (line.type === 'blank') return;
    if (line.type !== 'junk') return this.#keep({ record, line, gap: this.#gap });
    if (this.#mayEndPiece()) return this.#keep({ record, line, gap: this.#gap });
    this.#held = record;
    this.#gap += 1;
  }

  /** Where the newest line comes first, the short end of a message that was cut stands before its pieces. */
  #keepRaw(record: LogRecord): void {
    if (this.#held && record.text.length >= pieceLength) this.#keep({ record: this.#held, line: { type: 'junk' }, gap: this.#gap - 1 });
    this.#keep({ record, gap: this.#gap });
  }

  #keep(entry: Entry): void {
    this.entries.push(entry);
    this.#gap = 0;
    this.#held = undefined;
  }

  #mayEndPiece(): boolean {
    const last = this.entries.at(-1)?.record;
    return this.#gap === 0 && last !== undefined && (last.partial || (last.text.length >= pieceLength && last.text.includes('\\')));
  }
}

/** May hold a dump, or a piece of one, behind escapes. A short line with a `\"` in it is an ordinary log line. */
function isRaw({ partial, text }: LogRecord): boolean {
  if (partial || text.includes('\n')) return true;
  return text.includes('\\') && (text.length >= pieceLength || text.includes('goroutine '));
}
