import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGoroutineDumps } from './index.ts';

const units = [
  'goroutine 1 [',
  'goroutine 1 [a]:\n',
  'goroutine 1 [a]:\\n',
  '\\',
  '\\n',
  '\\\\n',
  '{"log":"',
  '=== BEGIN goroutine stack dump ===',
  '=== BEGIN goroutine stack dump ===\\n',
  '=== END goroutine stack dump ===\n',
  'a.b(',
  'a.b()\n',
  '0x1, ',
  '{',
  '}',
  '[',
  '\n',
  '\r\n',
  'x time="2026-11\\n',
  '\t/a.go:1\n',
  'created by a in goroutine ',
  'panic: ',
  'SIGQUIT: a\n',
  '2026-01-01T00:00:00Z stderr P x\n',
  'Nov 24 06:29:12 h c[1]: a\n',
  '> ',
  'k="',
  'é',
  '\u0000',
  '\\u00',
  'foo goroutine 1 [x]:\n',
];

describe('any text', () => {
  it('never throws, and says what it is', () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.array(fc.oneof(fc.constantFrom(...units), fc.string({ maxLength: 20 })), { maxLength: 40 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(junk, (text) => {
        expect(parseGoroutineDumps(text).description).not.toBe('');
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });

  it.each(['', '=== BEGIN goroutine stack dump ===\\n', 'goroutine 1 [a]:\n', '{"log":"'])(
    'costs work in proportion to its length (after %j)',
    (start) => {
      for (const unit of units) {
        const text = start + unit.repeat(Math.ceil(20_000 / unit.length));
        const twice = start + unit.repeat(Math.ceil(40_000 / unit.length));
        const [once, double] = [parseGoroutineDumps(text).scanned, parseGoroutineDumps(twice).scanned];
        expect(once, unit).toBeLessThan(60 * text.length);
        expect(double, unit).toBeLessThan(2.2 * once + 5000);
      }
    },
  );

  it.each([
    ['', 'empty', /empty/],
    ['goroutine profile: total 42\n1 @ 0x1 0x2\n#\t0x1\tmain.main+0x1\t/x.go:3\n', 'pprof-profile', /"goroutine", total 42/],
    ['\u001f\ufffd\u0008\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000', 'binary', /gzip/],
    [
      '2026-11-24 06:00:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.1+12 mixed mode):\n\n"main" #1 prio=5 os_prio=0 tid=0x00007f nid=0x1 runnable\n   java.lang.Thread.State: RUNNABLE\n',
      'jvm-thread-dump',
      /JVM/,
    ],
    ['Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n', 'python-traceback', /Python/],
    ['[  123.456789] INFO: task docker:12 blocked for more than 120 seconds.\n', 'kernel-log', /kernel/],
    ['time="2026-11-24T06:00:00Z" level=info msg="hello"\ntime="2026-11-24T06:00:01Z" level=info msg="bye"\n', 'log', /log of 2 lines/],
    ['hello\nworld\n', 'other', /text of 2 lines/],
  ])('%j is known for what it is', (text, kind, description) => {
    const parsed = parseGoroutineDumps(text);
    expect(parsed).toMatchObject({ kind, dumps: [] });
    expect(parsed.description).toMatch(description);
  });

  it('a panic is a panic, with its reason and its goroutines', () => {
    const parsed = parseGoroutineDumps(
      'panic: runtime error: index out of range [3] with length 0\n\tpanic: again\n\ngoroutine 1 [running]:\nmain.main()\n\t/tmp/sandbox/prog.go:9 +0x1d\nexit status 2\n',
    );
    expect(parsed).toMatchObject({
      kind: 'go-panic',
      dumps: [{ origin: 'panic', reason: expect.stringContaining('index out of range'), goroutines: [{ id: 1 }] }],
    });
    expect(parsed.description).toContain('index out of range');
  });

  it('leaves the thread of the runtime out of a crash', () => {
    const parsed = parseGoroutineDumps(
      'fatal error: all goroutines are asleep - deadlock!\n\nruntime stack:\nruntime.throw({0x1, 0x2})\n\t/go/src/runtime/panic.go:1 +0x1 fp=0x1 sp=0x2 pc=0x3\n\n' +
        'goroutine 0 gp=0x5a6b60 m=0 mp=0x5a7b20 [idle]:\nruntime.futex(0x1)\n\t/go/src/runtime/sys_linux_amd64.s:557 +0x21 fp=0x7ffe sp=0x7ffd pc=0x46\n\n' +
        'goroutine 1 [chan receive, locked to thread]:\nmain.main()\n\t/x.go:3 +0x2\n',
    );
    expect(parsed.dumps).toMatchObject([
      {
        origin: 'fatal-error',
        goroutines: [
          { id: 0, state: 'idle', frames: [{ function: 'runtime.futex', line: 557 }] },
          { id: 1, lockedToThread: true },
        ],
      },
    ]);
  });

  it('keeps the newest when a limit is reached, and says so', () => {
    const dump = (id: number): string =>
      `=== BEGIN goroutine stack dump ===\ngoroutine ${id} [running]:\nmain.main()\n\t/x.go:3\n=== END goroutine stack dump ===\n`;
    const text = [1, 2, 3, 4].map(dump).join('');
    expect(parseGoroutineDumps(text, { maxDumps: 2 })).toMatchObject({
      truncated: true,
      limitsReached: ['maxDumps'],
      dumps: [{ goroutines: [{ id: 3 }] }, { goroutines: [{ id: 4 }] }],
    });
    expect(parseGoroutineDumps(text, { maxCharacters: dump(4).length })).toMatchObject({
      limitsReached: ['maxCharacters'],
      dumps: [{ line: 16, goroutines: [{ id: 4 }] }],
    });
    expect(parseGoroutineDumps(text, { maxLines: 5 })).toMatchObject({
      limitsReached: ['maxLines'],
      dumps: [{ line: 16, goroutines: [{ id: 4 }] }],
    });
    expect(parseGoroutineDumps(text, { maxGoroutines: 1 }).limitsReached).toEqual(['maxGoroutines']);
    expect(parseGoroutineDumps(`goroutine 1 [running]:\n${'main.main()\n\t/x.go:3\n'.repeat(9)}`, { maxFrames: 2 })).toMatchObject({
      limitsReached: ['maxFrames'],
      dumps: [{ goroutines: [{ frames: { length: 2 } }] }],
    });
  });
});
