/** What stands around one line of text. */
export interface Peeled {
  text: string;
  /** Names the stream the line belongs to; absent when the envelope says nothing about it. */
  source?: string;
  time?: string;
  envelope?: string;
  /** True when the logger cut the line here and goes on in its next record (docker and CRI at 16 KiB). */
  partial?: boolean;
  /** Words of a structured log record, as strings. */
  fields?: Record<string, string>;
}

const stamp = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?`;
const bsdStamp = String.raw`[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?`;
// journalctl -o short, short-iso, short-precise, short-monotonic, and rsyslog files: "TIME HOST IDENT[PID]: text".
const journal = new RegExp(String.raw`^(${bsdStamp}|${stamp}|\[ {0,8}\d{1,10}\.\d{1,9}\]) ([\w.:-]{1,255}) ([^\s\[:]{1,128}(?:\[\d{1,10}\])?): ?`);
// Kubernetes' container log files (CRI): "TIME stdout|stderr P|F text".
const cri = new RegExp(String.raw`^(${stamp}) (stdout|stderr) ([PF])(?::[A-Z:]{1,16})? ?`);
const timestamp = new RegExp(String.raw`^(${stamp})[ \t]`);
const kubectl = /^\[((?:pod|deployment|job)\/[\w./-]{1,300})\] ?/;
const compose = /^([\w.-]{1,128}) {0,64}\| /;
const klog = /^[IWEF]\d{4} (\d\d:\d\d:\d\d\.\d{6}) {1,8}\d{1,10} [\w.-]{1,128}:\d{1,6}\] /;
const goLog = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) /;
const quote = /^(?:> ?){1,8}/;

/** Longest prefix that is looked at. */
const head = 1024;

/** Takes one envelope off a line, the outermost; undefined when none is known. Line breaks of the record are kept in the text. */
export function peel(line: string): Peeled | undefined {
  if (line.startsWith('{')) return peelJson(line);
  const start = line.slice(0, head);
  return peelStream(line, start) ?? peelTime(line, start);
}

function peelStream(line: string, start: string): Peeled | undefined {
  let match = cri.exec(start);
  if (match) return { text: rest(line, match), envelope: 'cri', time: match[1], source: match[2], partial: match[3] === 'P' };
  match = journal.exec(start);
  if (match) return { text: rest(line, match), envelope: 'journald', time: match[1], source: `${match[2]} ${match[3]}` };
  match = kubectl.exec(start);
  if (match) return { text: rest(line, match), envelope: 'kubectl', source: match[1] };
  match = compose.exec(start);
  if (match) return { text: rest(line, match), envelope: 'compose', source: match[1] };
  match = quote.exec(start);
  return match ? { text: rest(line, match), envelope: 'quote' } : undefined;
}

function peelTime(line: string, start: string): Peeled | undefined {
  for (const [envelope, pattern] of [['timestamp', timestamp], ['klog', klog], ['go-log', goLog]] as const) {
    const match = pattern.exec(start);
    if (match) return { text: rest(line, match), envelope, time: match[1] };
  }
  return undefined;
}

function rest(line: string, match: RegExpExecArray): string {
  return line.slice(match[0].length);
}

function peelJson(line: string): Peeled | undefined {
  if (!line.trimEnd().endsWith('}')) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined; // cut or not JSON: read as plain text, where escapes are taken off all the same
  }
  return typeof record === 'object' && record !== null ? fromRecord(record as Record<string, unknown>) : undefined;
}

function fromRecord(record: Record<string, unknown>): Peeled | undefined {
  if (typeof record['log'] === 'string' && (typeof record['stream'] === 'string' || typeof record['time'] === 'string')) {
    const log = record['log'];
    return { text: withoutBreak(log), envelope: 'docker-json', source: word(record['stream']), time: word(record['time']), partial: !log.endsWith('\n') };
  }
  if (typeof record['MESSAGE'] === 'string') {
    const source = [record['_HOSTNAME'], `${word(record['SYSLOG_IDENTIFIER']) ?? ''}[${word(record['_PID']) ?? ''}]`].filter(Boolean).join(' ');
    return { text: record['MESSAGE'], envelope: 'journal-json', source, time: journalTime(record['__REALTIME_TIMESTAMP']) };
  }
  const message = record['msg'] ?? record['message'];
  if (typeof message !== 'string') return undefined;
  return { text: message, envelope: 'json', time: word(record['time'] ?? record['ts']), fields: wordsOf(record) };
}

function withoutBreak(text: string): string {
  return text.endsWith('\r\n') ? text.slice(0, -2) : text.endsWith('\n') ? text.slice(0, -1) : text;
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

/** Microseconds since 1970 (`journalctl -o json`) as ISO 8601. */
function journalTime(value: unknown): string | undefined {
  const milliseconds = Number(word(value)) / 1000;
  return milliseconds > 0 && milliseconds < 8.64e15 ? new Date(milliseconds).toISOString() : undefined;
}

const maxFields = 16;

function wordsOf(record: Record<string, unknown>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [key, value] of Object.entries(record).slice(0, maxFields)) {
    const text = word(value);
    if (text !== undefined && text.length <= 1024) fields[key] = text;
  }
  return fields;
}
