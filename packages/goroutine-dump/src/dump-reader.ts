import type { Limits } from './limits.ts';
import type { Line } from './line.ts';
import type { DumpOrigin, Goroutine, GoroutineDump } from './model.ts';
import type { ScanMeter } from './scan-meter.ts';

/** Where a line stands and what its log record says about it. */
export interface LineContext {
  line: number;
  time?: string;
  fields?: Record<string, string>;
}

/** So many lines that belong to no dump end one that has no END marker. */
const maxGap = 64;
const maxFields = 16;

/** Puts classified lines together: calls and files to frames, frames to goroutines, goroutines to dumps. */
export class DumpReader {
  readonly dumps: GoroutineDump[] = [];
  readonly #source: string;
  readonly #limits: Limits;
  readonly #meter: ScanMeter;
  readonly #count: { goroutines: number };
  #dump: GoroutineDump | undefined;
  #ids = new Set<number>();
  #goroutine: Goroutine | undefined;
  /** What the next file line belongs to. */
  #awaitsFile: { file?: string; line?: number } | undefined;
  #intro: { origin: DumpOrigin; reason: string; line: number; time?: string } | undefined;
  #gap = 0;

  constructor(source: string, limits: Limits, meter: ScanMeter, count: { goroutines: number }) {
    this.#source = source;
    this.#limits = limits;
    this.#meter = meter;
    this.#count = count;
  }

  /** @param gap how many lines of no dump stood before this one. */
  take(line: Line, context: LineContext, gap = 0): void {
    this.#gap += gap;
    switch (line.type) {
      case 'header':
        return this.#takeHeader(line, context);
      case 'call':
        return this.#takeCall(line.frame);
      case 'file':
        return this.#takeFile(line.file, line.line);
      case 'created':
        return this.#takeCreated(line.creation);
      case 'elided':
        return this.#takeElided();
      case 'begin':
        return this.#begin(line.before, context);
      case 'end':
        return this.#end(line.after);
      case 'intro':
        return this.#takeIntro(line, context);
      case 'system-stack':
        this.#leaveGoroutine(); // frames of the thread, not of a goroutine
        return;
      case 'junk':
        this.#gap += 1;
        return;
      case 'blank':
        return;
    }
  }

  finish(): void {
    this.#flush();
  }

  #takeHeader(header: Extract<Line, { type: 'header' }>, context: LineContext): void {
    const { id, state, minutes, lockedToThread } = header;
    const open = this.#dump;
    // The same number twice is another moment or another process; so is one far away.
    if (open && (this.#ids.has(id) || (open.origin !== 'marker' && this.#gap > maxGap))) this.#flush();
    const dump = (this.#dump ??= this.#startBare(context));
    this.#gap = 0;
    this.#leaveGoroutine();
    if (this.#count.goroutines >= this.#limits.maxGoroutines) return this.#meter.limit('maxGoroutines');
    this.#count.goroutines += 1;
    this.#ids.add(id);
    this.#goroutine = { id, state, ...(minutes === undefined ? {} : { minutes }), lockedToThread, frames: [], elided: false };
    dump.goroutines.push(this.#goroutine);
  }

  #startBare(context: LineContext): GoroutineDump {
    const intro = this.#intro;
    this.#intro = undefined;
    const start = { time: intro?.time ?? context.time, line: intro?.line ?? context.line };
    return this.#newDump(intro?.origin ?? 'bare', start, intro?.reason);
  }

  #newDump(origin: DumpOrigin, start: LineContext, reason?: string): GoroutineDump {
    const { time, line, fields } = start;
    const dump: GoroutineDump = {
      origin,
      ...(reason === undefined ? {} : { reason }),
      ...(time === undefined ? {} : { time }),
      fields: {},
      source: this.#source,
      goroutines: [],
      complete: false,
      line,
    };
    if (fields) addFields(dump, fields);
    return dump;
  }

  #takeCall(frame: Goroutine['frames'][number]): void {
    this.#awaitsFile = undefined;
    const goroutine = this.#goroutine;
    if (!goroutine || goroutine.createdBy) return;
    if (goroutine.frames.length >= this.#limits.maxFrames) return this.#meter.limit('maxFrames');
    goroutine.frames.push(frame);
    this.#awaitsFile = frame;
  }

  #takeFile(file: string, line: number): void {
    if (!this.#awaitsFile) return;
    this.#awaitsFile.file = file;
    this.#awaitsFile.line = line;
    this.#awaitsFile = undefined;
    this.#gap = 0;
  }

  #takeCreated(creation: NonNullable<Goroutine['createdBy']>): void {
    if (!this.#goroutine || this.#goroutine.createdBy) return;
    this.#goroutine.createdBy = creation;
    this.#awaitsFile = creation;
  }

  #begin(before: string, context: LineContext): void {
    this.#flush();
    this.#dump = this.#newDump('marker', { ...context, time: timeIn(before) ?? context.time });
  }

  #end(after: string): void {
    const dump = this.#dump;
    if (!dump) return;
    // Without its BEGIN (the head of the text was cut off) a dump is not whole.
    dump.complete = dump.origin === 'marker';
    addFields(dump, wordsIn(after));
    this.#flush();
  }

  #takeIntro(line: Extract<Line, { type: 'intro' }>, context: LineContext): void {
    if (this.#dump && this.#dump.goroutines.length > 0) this.#flush();
    // "panic: a" then "panic: b [recovered]", "fatal error: …" then "runtime: …": the first says what happened.
    if (this.#dump) this.#dump.reason ??= line.reason;
    else this.#intro ??= { origin: line.origin, reason: line.reason, line: context.line, time: context.time };
  }

  #takeElided(): void {
    if (this.#goroutine) this.#goroutine.elided = true;
  }

  #leaveGoroutine(): void {
    this.#goroutine = undefined;
    this.#awaitsFile = undefined;
  }

  #flush(): void {
    const dump = this.#dump;
    this.#dump = undefined;
    this.#ids = new Set();
    this.#intro = undefined;
    this.#leaveGoroutine();
    if (!dump || dump.goroutines.length === 0) return;
    this.dumps.push(dump);
    if (this.dumps.length <= this.#limits.maxDumps) return;
    this.#count.goroutines -= this.dumps.shift()?.goroutines.length ?? 0;
    this.#meter.limit('maxDumps');
  }
}

function timeIn(text: string): string | undefined {
  return /time="([^"]{1,64})"/.exec(text.slice(-2048))?.[1];
}

/** `" namespace=k8s.io path="/run/a b" pid=12` → its words. */
function wordsIn(text: string): Record<string, string> {
  const words: Record<string, string> = {};
  for (const match of text.slice(0, 4096).matchAll(/(?:^|[\s"])([a-zA-Z_][\w.-]{0,63})=(?:"([^"]{0,1024})"|([^\s"]{1,1024}))/g)) {
    words[match[1] ?? ''] = match[2] ?? match[3] ?? '';
  }
  return words;
}

function addFields(dump: GoroutineDump, words: Record<string, string>): void {
  for (const [key, value] of Object.entries(words)) {
    if (key === 'pid' && /^\d{1,10}$/.test(value)) dump.pid ??= Number(value);
    else if (key === 'time') dump.time ??= value;
    else if (key !== 'msg' && key !== 'message' && key !== 'level' && Object.keys(dump.fields).length < maxFields)
      dump.fields[key] ??= value;
  }
}
