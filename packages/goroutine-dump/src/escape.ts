import type { ScanMeter } from './scan-meter.ts';
import { beginMarker } from './line.ts';

const simple: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
};

/** Takes one level of escaping away: Go's %q, JSON's and strace's escapes are read alike. Linear. */
export function unescapeOnce(text: string, meter: ScanMeter): string {
  meter.look(text.length);
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', from)) {
    parts.push(text.slice(from, at));
    const { value, length } = escapeAt(text, at);
    parts.push(value);
    from = at + length;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

function escapeAt(text: string, at: number): { value: string; length: number } {
  const next = text[at + 1];
  if (next === undefined) return { value: '\\', length: 1 };
  const plain = simple[next];
  if (plain !== undefined) return { value: plain, length: 2 };
  const digits = { x: 2, u: 4, U: 8 }[next];
  if (digits !== undefined) {
    const hex = text.slice(at + 2, at + 2 + digits);
    const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : Number.NaN;
    return code <= 0x10ffff ? { value: String.fromCodePoint(code), length: 2 + digits } : { value: next, length: 2 };
  }
  const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
  return octal === undefined
    ? { value: `\\${next}`, length: 2 }
    : { value: String.fromCharCode(Number.parseInt(octal, 8)), length: 1 + octal.length };
}

const maxDepth = 5;
const header = /^goroutine \d{1,19} (?:[a-z]{1,2}=[^[\n]{1,80} )?\[[^\]\n]{1,200}\]:/;
const longestHeader = 330;

/** True when the text holds a dump whose line breaks are escaped: BEGIN or a header with an escaped break beside it. */
export function hasEscapedDump(text: string, meter: ScanMeter): boolean {
  meter.look(text.length);
  if (!text.includes('\\')) return false;
  const begin = text.indexOf(beginMarker);
  if (begin !== -1 && text[begin + beginMarker.length] === '\\') return true;
  // A search from each header outwards: one regular expression over the whole would be quadratic on "\n\n\n…".
  for (let at = text.indexOf('goroutine '); at !== -1; at = text.indexOf('goroutine ', at + 1)) {
    meter.look(longestHeader);
    const length = header.exec(text.slice(at, at + longestHeader))?.[0].length;
    if (length === undefined) continue;
    if (text[at + length] === '\\' || (text[at - 1] === 'n' && text[at - 2] === '\\')) return true;
  }
  return false;
}

/** Unescapes until headers stand on lines of their own (at most five levels). */
export function unescapeDump(text: string, meter: ScanMeter): { text: string; depth: number } {
  let depth = 0;
  let current = text;
  while (depth < maxDepth && hasEscapedDump(current, meter)) {
    current = unescapeOnce(current, meter);
    depth += 1;
  }
  return { text: current, depth };
}
