const NEWLINE = 10;

/** Cuts a byte stream into lines. It cuts bytes, not text, so a UTF-8 character split across two chunks stays whole. */
export interface LineSplitter {
  /** Takes a chunk and hands each line that it completes to `onLine`; empty lines are left out. Throws a RangeError beyond the limit. */
  push(chunk: Buffer, onLine: (line: string) => void): void;
  /** True when the stream has ended within a line. */
  readonly unfinished: boolean;
}

/** @param maxLineBytes the longest line that is kept in memory. */
export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let pieces: Buffer[] = [];
  let held = 0;
  const guard = (bytes: number): void => {
    if (bytes > maxLineBytes) throw new RangeError(`a line is longer than ${maxLineBytes} bytes`);
  };
  const push = (chunk: Buffer, onLine: (line: string) => void): void => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      guard(held + end - start);
      if (held > 0) {
        pieces.push(chunk.subarray(start, end));
        onLine(Buffer.concat(pieces).toString('utf8'));
        pieces = [];
        held = 0;
      } else if (end > start) onLine(chunk.toString('utf8', start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    held += chunk.length - start;
    guard(held);
    pieces.push(start === 0 ? chunk : chunk.subarray(start));
  };
  return {
    push,
    get unfinished() {
      return held > 0;
    },
  };
}
