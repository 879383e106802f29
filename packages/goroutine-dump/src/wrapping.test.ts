import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goroutines } from './arbitrary-dump.ts';
import { parseGoroutineDumps, renderGoroutineDump, renderGoroutines, type Goroutine } from './index.ts';

const marked = (list: Goroutine[]): string => renderGoroutineDump({ origin: 'marker', goroutines: list });
const linesOf = (list: Goroutine[]): string[] => marked(list).trimEnd().split('\n');
/** Go's %q as logrus prints a message. */
const logrus = (message: string, pid = 4711): string =>
  `time="2026-11-24T06:36:36Z" level=info msg=${JSON.stringify(message.trimEnd())} namespace=k8s.io path=/run/x pid=${pid}`;
const pieces = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'gu')) ?? [];
/** A size of pieces that cuts no marker: with one cut, nothing would tell which end comes first. */
const wholeMarkers = (text: string): number => {
  for (let size = 1500; ; size++) {
    const cut = pieces(text, size).join('\n');
    if (cut.includes('=== BEGIN goroutine stack dump ===') && cut.includes('=== END goroutine stack dump ===')) return size;
  }
};
const journal = (line: string): string => `Nov 24 06:36:36 node-1 containerd[123]: ${line}`;
const noise = [
  'I1124 06:36:36.123456       1 controller.go:12] syncing "a/b" (3)',
  'time="2026-11-24T06:36:36Z" level=warning msg="cleaning up after shim (dead)"',
  '{"level":"info","msg":"reconciled","n":3}',
  'retry.After(5)',
  'Warning: something: 12',
];

const wrappings: Record<string, (list: Goroutine[]) => string> = {
  'as it is': marked,
  'without markers': renderGoroutines,
  'with CRLF': (list) => linesOf(list).join('\r\n'),
  'without blank lines and indentation': (list) =>
    linesOf(list)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n'),
  'all indented': (list) =>
    linesOf(list)
      .map((line) => `        ${line}`)
      .join('\n'),
  'as logrus line': (list) => logrus(marked(list)),
  'as logrus line among others': (list) => `${noise.join('\n')}\n${logrus(marked(list))}\n${noise.join('\n')}`,
  'as JSON log line': (list) => JSON.stringify({ level: 'info', msg: marked(list), pid: 4711, time: '2026-11-24T06:36:36Z' }),
  'in strace': (list) => `[pid  99] write(2</x/log>, ${JSON.stringify(`${logrus(marked(list))}\n`)}, 4096) = 4096`,
  'in strace in JSON': (list) => `note ${JSON.stringify(`write(2, ${JSON.stringify(`${logrus(marked(list))}\n`)}, 1) = 1`)}`,
  'in the journal, line by line': (list) =>
    linesOf(list)
      .filter((line) => line !== '')
      .map(journal)
      .join('\n'),
  'in the journal, in ISO time': (list) =>
    linesOf(list)
      .map((line) => `2026-11-24T06:36:36.123456+0100 node-1 app[7]: ${line}`)
      .join('\n'),
  'in the journal, in pieces': (list) =>
    pieces(logrus(marked(list)), 1500)
      .map(journal)
      .join('\n'),
  'as plain pieces': (list) => pieces(logrus(marked(list)), 1500).join('\n'),
  'in pieces, newest first': (list) => {
    const line = logrus(marked(list));
    return pieces(line, wholeMarkers(line)).toReversed().map(journal).join('\n');
  },
  'newest first': (list) => linesOf(list).toReversed().join('\n'),
  'in the journal, newest first': (list) => linesOf(list).toReversed().map(journal).join('\n'),
  'in docker json-file': (list) =>
    linesOf(list)
      .map((line) => JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2026-11-24T06:36:36.1Z' }))
      .join('\n'),
  'in docker json-file, cut at 700': (list) =>
    pieces(`${logrus(marked(list))}\n`, 700)
      .map((log) => JSON.stringify({ log, stream: 'stderr', time: '2026-11-24T06:36:36.1Z' }))
      .join('\n'),
  'in a CRI log': (list) =>
    linesOf(list)
      .map((line) => `2026-11-24T06:36:36.123456789Z stderr F ${line}`)
      .join('\n'),
  'in a CRI log, cut at 700': (list) =>
    pieces(logrus(marked(list)), 700)
      .map((piece, at, all) => `2026-11-24T06:36:36.123456789Z stderr ${at === all.length - 1 ? 'F' : 'P'} ${piece}`)
      .join('\n'),
  'by kubectl logs --timestamps': (list) =>
    linesOf(list)
      .map((line) => `2026-11-24T06:36:36.123456789Z ${line}`)
      .join('\n'),
  'by kubectl logs --prefix': (list) =>
    linesOf(list)
      .map((line) => `[pod/shim-abc/main] ${line}`)
      .join('\n'),
  'by docker compose': (list) =>
    linesOf(list)
      .map((line) => `web-1  | ${line}`)
      .join('\n'),
  'as a quotation': (list) =>
    linesOf(list)
      .map((line) => `> ${line}`)
      .join('\n'),
  'behind a prefix that nobody knows': (list) =>
    renderGoroutines(list)
      .split('\n')
      .map((line, at) => `<<${1000 + at}>> app: ${line}`)
      .join('\n'),
  'among other log lines': (list) =>
    linesOf(list)
      .map((line, at) => (at % 3 === 0 ? `${line}\n${noise[at % noise.length]}` : line))
      .join('\n'),
  'among the lines of another process': (list) =>
    linesOf(list)
      .map((line, at) => `${journal(line)}\nNov 24 06:36:36 node-1 kubelet[9]: main.other(0x${at})`)
      .join('\n'),
  'after SIGQUIT': (list) =>
    `SIGQUIT: quit\nPC=0x46e0a1 m=0 sigcode=0\n\n${renderGoroutines(list)}\nrax    0xca\nrbx    0x0\nrip    0x46e0a1\n`,
};

describe('a dump reads the same in every wrapping', () => {
  it.each(Object.keys(wrappings))('%s', (name) => {
    fc.assert(
      fc.property(goroutines, (list) => {
        const parsed = parseGoroutineDumps(wrappings[name]?.(list) ?? '');
        const dump = parsed.dumps.find(({ source }) => !source.includes('kubelet'));
        expect(dump?.goroutines).toEqual(list);
        expect(parsed.truncated).toBe(false);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('several dumps in one stream stay several, in order', () => {
    fc.assert(
      fc.property(fc.array(goroutines, { minLength: 2, maxLength: 4 }), (lists) => {
        const parsed = parseGoroutineDumps(lists.map((list, at) => logrus(marked(list), at + 1)).join('\n'));
        expect(parsed.dumps.map((dump) => dump.goroutines)).toEqual(lists);
        expect(parsed.dumps.map((dump) => dump.pid)).toEqual(lists.map((_, at) => at + 1));
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it('a cut tail costs only what was cut', () => {
    fc.assert(
      fc.property(goroutines, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
        const text = marked(list);
        const got = parseGoroutineDumps(text.slice(0, Math.floor(text.length * part))).dumps[0]?.goroutines ?? [];
        expect(got.slice(0, -1)).toEqual(list.slice(0, Math.max(0, got.length - 1)));
        expect(got.length).toBeLessThanOrEqual(list.length);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
});
