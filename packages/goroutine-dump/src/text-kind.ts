import type { GoroutineDump, TextKind } from './model.ts';
import type { ScanMeter } from './scan-meter.ts';

interface Described {
  kind: TextKind;
  description: string;
}

/** So much of a text without a dump is looked at to say what it is. */
const sample = 256 * 1024;

const signs: readonly (readonly [TextKind, RegExp, (match: RegExpExecArray) => string])[] = [
  [
    'pprof-profile',
    /^([a-z]{1,32}) profile: total (\d{1,19})/m,
    (match) => `pprof profile "${match[1]}", total ${match[2]} (debug=1: stacks without states; ask for debug=2)`,
  ],
  ['pprof-profile', /^--- contention:|^--- mutex:|^heap profile: \d/m, () => 'pprof profile in its text form'],
  [
    'jvm-thread-dump',
    /^\s{0,8}Full thread dump [^\n]{1,200}|java\.lang\.Thread\.State: |^"[^"\n]{1,200}" (?:#\d{1,9} )?[^\n]{0,200}?tid=0x/m,
    () => 'JVM thread dump',
  ],
  ['python-traceback', /^Traceback \(most recent call (?:last|first)\):/m, () => 'Python traceback'],
  ['kernel-log', /blocked for more than \d{1,9} seconds|^\[ {0,8}\d{1,9}\.\d{6}\] |\bCall Trace:/m, () => 'kernel log'],
  ['go-panic', /^(?:panic: |fatal error: )[^\n]{1,200}/m, (match) => `Go ${match[0]}, without goroutines`],
];

// Lines that begin with a time, a level, a syslog head or a JSON record.
const logLine =
  /^(?:\d{4}[-/]\d\d[-/]\d\d[T ]|[A-Z][a-z]{2} [ \d]\d \d\d:|time="|level=|ts=|\{"|[IWEF]\d{4} |\[[^\]\n]{1,40}\] |(?:INFO|WARN|ERROR|DEBUG|TRACE|FATAL)\b)/;

/** Says what a text is, from the dumps found in it or, without any, from its look. */
export function describeText(text: string, dumps: readonly GoroutineDump[], meter: ScanMeter): Described {
  if (dumps.length > 0) return describeDumps(dumps);
  const look = text.slice(0, sample);
  meter.look(look.length * (signs.length + 2));
  if (look.trim() === '') return { kind: 'empty', description: 'empty text' };
  if (isBinary(look)) return { kind: 'binary', description: describeBinary(look) };
  for (const [kind, pattern, describe] of signs) {
    const match = pattern.exec(look);
    if (match) return { kind, description: describe(match) };
  }
  return describeLog(look);
}

function describeDumps(dumps: readonly GoroutineDump[]): Described {
  const goroutines = dumps.reduce((sum, dump) => sum + dump.goroutines.length, 0);
  const crash = dumps.every((dump) => dump.origin === 'panic' || dump.origin === 'fatal-error');
  const size = `${count(dumps.length, 'dump')}, ${count(goroutines, 'goroutine')}`;
  if (crash) return { kind: 'go-panic', description: `Go crash: ${dumps.at(-1)?.reason ?? 'panic'} (${size})` };
  return { kind: 'goroutine-dump', description: `goroutine dump (${size})` };
}

function describeLog(look: string): Described {
  const lines = look.split('\n', 2000).filter((line) => line.trim() !== '');
  const logLines = lines.filter((line) => logLine.test(line)).length;
  if (logLines * 2 >= lines.length)
    return { kind: 'log', description: `log of ${count(lines.length, 'line')}${look.length === sample ? ' or more' : ''}` };
  return { kind: 'other', description: `text of ${count(lines.length, 'line')}${look.length === sample ? ' or more' : ''}` };
}

function isBinary(look: string): boolean {
  const start = look.slice(0, 4096);
  let strange = 0;
  for (let at = 0; at < start.length; at++) {
    const code = start.charCodeAt(at);
    if (code === 0xfffd || code === 0 || (code < 32 && code !== 9 && code !== 10 && code !== 13 && code !== 27)) strange += 1;
  }
  return strange * 20 > start.length;
}

function describeBinary(look: string): string {
  return look.startsWith('\x1f') ? 'binary data, gzip (a pprof profile in protobuf form is one)' : 'binary data';
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
