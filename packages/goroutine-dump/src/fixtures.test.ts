import { describe, expect, it } from 'vitest';
import { parseGoroutineDumps } from './index.ts';
import { readFixture } from './read-fixture.ts';

const headers = (text: string): number => text.match(/goroutine \d+ \[/g)?.length ?? 0;

describe('real dumps', () => {
  it.each([
    ['a-deadlocked-v1.2.0-go1.26-1.txt.gz', 140, 1],
    ['c-deadlocked-v1shim-v1.2.0-go1.26-1.txt.gz', 127, 1],
    ['d-healthy-v1.2.0-go1.13.txt', 14, 1],
    ['h-containerd-1.6.20-sigusr1.txt', 9, 1],
    ['h-containerd-1.6.20-sigusr1-stacks-file.txt', 9, 0],
    ['h-dockerd-20.10.24-sigusr1-file.txt', 37, 0],
    ['i-strace-of-deadlocked-v1shim-go1.26.txt.gz', 128, 2],
    ['i-strace-first-write-of-deadlocked-v1.2.0-go1.13.txt.gz', 135, 2],
  ])('%s: every goroutine is read, every frame has its place', (file, count, escapes) => {
    const text = readFixture(file);
    const parsed = parseGoroutineDumps(text);
    expect(parsed).toMatchObject({ kind: 'goroutine-dump', truncated: false, wrapping: { escapes } });
    expect(parsed.dumps).toHaveLength(1);
    const goroutines = parsed.dumps[0]?.goroutines ?? [];
    expect(goroutines).toHaveLength(count);
    expect(headers(text)).toBe(count);
    for (const goroutine of goroutines) {
      expect(goroutine.frames.length).toBeGreaterThan(0);
      for (const frame of goroutine.frames) expect(frame).toMatchObject({ file: expect.any(String), line: expect.any(Number) });
    }
  });

  it.each([
    ['j-journald-cat-of-a-1.txt.gz', 'a-deadlocked-v1.2.0-go1.26-1.txt.gz'],
    ['j-journald-short-of-a-1.txt.gz', 'a-deadlocked-v1.2.0-go1.26-1.txt.gz'],
    ['j-journald-short-iso-precise-of-a-1.txt.gz', 'a-deadlocked-v1.2.0-go1.26-1.txt.gz'],
    ['j-journald-json-all-of-a-1.txt.gz', 'a-deadlocked-v1.2.0-go1.26-1.txt.gz'],
    ['j-journald-short-of-c-1.txt.gz', 'c-deadlocked-v1shim-v1.2.0-go1.26-1.txt.gz'],
    ['i-strace-of-deadlocked-v1shim-go1.26.txt.gz', 'i-strace-of-deadlocked-v1shim-go1.26.same-in-containerd-log.txt.gz'],
    ['i-strace-first-write-of-deadlocked-v1.2.0-go1.26.txt.gz', 'i-strace-of-deadlocked-v1.2.0-go1.26.same-in-containerd-log.txt.gz'],
    ['i-strace-first-write-of-deadlocked-v1.2.0-go1.13.txt.gz', 'i-strace-of-deadlocked-v1.2.0-go1.13.same-in-containerd-log.txt.gz'],
  ])('%s says the same as %s', (wrapped, plain) => {
    const [got] = parseGoroutineDumps(readFixture(wrapped)).dumps;
    const [want] = parseGoroutineDumps(readFixture(plain)).dumps;
    expect(got?.goroutines).toEqual(want?.goroutines);
    expect(got).toMatchObject({ pid: want?.pid, time: want?.time, fields: want?.fields, complete: true, origin: 'marker' });
  });

  it('joins the 48 KiB pieces of the journal in either order of lines', () => {
    for (const file of ['j-journald-short-of-a-1.txt.gz', 'j-journald-json-all-of-a-1.txt.gz', 'j-journald-cat-of-a-1.txt.gz']) {
      const lines = readFixture(file).trimEnd().split('\n');
      const forward = parseGoroutineDumps(lines.join('\n'));
      const backward = parseGoroutineDumps(lines.toReversed().join('\n'));
      expect(forward.wrapping.joinedPieces).toBe(5);
      expect(backward.wrapping).toMatchObject({ joinedPieces: 5, reversed: true });
      expect(backward.dumps[0]?.goroutines).toEqual(forward.dumps[0]?.goroutines);
    }
  });

  it('keeps apart what containerd logs in the middle of a shim’s dump', () => {
    const line = readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz');
    const other = 'time="2026-11-24T06:36:36.5Z" level=info msg="starting signal loop" namespace=other pid=1\n';
    const broken = `${line.slice(0, 32_768)}${other}${line.slice(32_768, 65_536)}${other}${line.slice(65_536)}`;
    const [got] = parseGoroutineDumps(broken).dumps;
    expect(got?.goroutines).toEqual(parseGoroutineDumps(line).dumps[0]?.goroutines);
    expect(got).toMatchObject({ pid: 13701, complete: true });
  });

  it('takes pid, time, namespace and bundle from the log line', () => {
    expect(parseGoroutineDumps(readFixture('d-healthy-v1.2.0-go1.13.txt')).dumps[0]).toMatchObject({
      pid: 11063,
      time: '2026-11-24T06:35:31.878274925Z',
      fields: { namespace: 'kf1', path: '/run/containerd/io.containerd.runtime.v2.task/kf1/h-go113' },
    });
  });

  it('calls a dump whole only when it saw both its ends', () => {
    const line = readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz');
    expect(parseGoroutineDumps(line.slice(0, -400)).dumps[0]).toMatchObject({ complete: false, origin: 'marker' });
    expect(parseGoroutineDumps(line.slice(5000)).dumps[0]).toMatchObject({ complete: false, origin: 'bare' });
  });
});
