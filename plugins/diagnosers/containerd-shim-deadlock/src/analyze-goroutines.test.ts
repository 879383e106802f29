import { describe, expect, it } from 'vitest';
import { analyzeGoroutines } from './analyze-goroutines.ts';
import { readFixture } from './read-fixture.ts';

const reasonOf = (text: string): string => {
  const answer = analyzeGoroutines(text);
  return answer.outcome === 'NotIdentified' ? answer.reason : `Identified: ${answer.title}`;
};

describe('a saved file or log', () => {
  it('of a deadlocked shim is explained in three lines that tell who waits for whom', () => {
    expect(analyzeGoroutines(readFixture('a-deadlocked-v1.2.0-go1.26-1.txt.gz'))).toMatchObject({
      outcome: 'Identified',
      cause: 'ContainerdShimReaperDeadlock',
      title: 'containerd shim 13701 is deadlocked in its reaper (containerd PR 3529)',
      severity: 'critical',
      confidence: 'high',
      evidence: [
        {
          title: 'The reaper (goroutine 1) waits for goroutine 22',
          detail: 'goroutine 1 [chan send] shim.Reap reaper_unix.go:44: waits for room in an exit channel; holds the Monitor lock 0xa36eb0',
        },
        {
          title: 'The reader of its exits (goroutine 22) waits for goroutine 346',
          detail:
            'goroutine 22 [sync.Mutex.Lock] proc.(*execProcess).Pid exec.go:72: waits for mutex 0x3f1896e7ec20; holds the reading end of the exit channel',
        },
        {
          title: 'The holder of that mutex (goroutine 346) waits for goroutine 1',
          detail:
            'goroutine 346 [sync.Mutex.Lock] shim.(*Monitor).Unsubscribe reaper_unix.go:106: waits for the Monitor lock 0xa36eb0, held by the reaper; proc.(*execProcess).start(0x3f1896e7ec00) holds 0x3f1896e7ec20',
        },
        { title: 'Kept waiting', detail: '104 other goroutines wait for a mutex' },
        { title: 'Which dump', detail: expect.stringContaining('pid 13701, namespace kf1, bundle /run/containerd/') },
        { title: 'In one sentence', detail: expect.stringContaining('1 → 22 → 346 → 1') },
      ],
      recommendation: [{ recoverer: 'containerd-shim-kill' }, { action: expect.stringContaining('1.2.8') }],
    });
  });

  it('with overlapping partial writes under strace is judged by its whole dump', () => {
    expect(analyzeGoroutines(readFixture('i-strace-of-deadlocked-v1.2.0-go1.26.txt.gz'))).toMatchObject({
      outcome: 'Identified',
      confidence: 'high',
    });
  });

  it('with several dumps of one process is judged by the newest, and says which', () => {
    const old = readFixture('a-deadlocked-v1.2.0-go1.26-2.txt.gz');
    const later = readFixture('a-deadlocked-v1.2.0-go1.26-2-later.txt.gz');
    for (const text of [`${old}${later}`, `${later}${old}`]) {
      const answer = analyzeGoroutines(text);
      expect(answer).toMatchObject({ outcome: 'Identified', confidence: 'high' });
      expect(JSON.stringify(answer)).toMatch(/dump of 2026-11-24T06:39:52\.893000127Z, newest of 2/);
    }
    // The same pid and bundle, healthy afterwards: the deadlock is over.
    const healthy = readFixture('d-healthy-v1.2.0-go1.26.txt').replace(/path=\S+ pid=\d+/, /path=\S+ pid=\d+/.exec(old)?.[0] ?? '');
    expect(reasonOf(`${old}${healthy}`)).toMatch(/^Idle and healthy.*newest of 2/);
  });

  it('with dumps of many shims names the one that is deadlocked', () => {
    const answer = analyzeGoroutines(
      ['d-healthy-v1.2.0-go1.13.txt', 'c-deadlocked-v1shim-v1.2.0-go1.26-1.txt.gz', 'g-debian-containerd-shim-runc-v2-1.6.20-healthy.txt']
        .map(readFixture)
        .join(''),
    );
    expect(answer).toMatchObject({ outcome: 'Identified', title: expect.stringContaining('6602') });
    expect(JSON.stringify(answer)).toContain('3 processes have dumps in it, 1 of them deadlocked');
  });

  it('with two looks at a cycle that is not whole is medium', () => {
    // The END lines of both are kept, the holder's frames lose their object.
    const blur = (text: string): string => text.replaceAll(/(\(\*execProcess\)\.start\(0x[0-9a-f]+)/g, '$1?');
    const [old, later] = ['a-deadlocked-v1.2.0-go1.26-2.txt.gz', 'a-deadlocked-v1.2.0-go1.26-2-later.txt.gz'].map(readFixture).map(blur);
    expect(reasonOf(old ?? '')).toMatch(/^Seen: goroutine 1 \[chan send\].*Not proven: no chain of locks/);
    expect(analyzeGoroutines(later ?? '')).toMatchObject({ outcome: 'Identified', confidence: 'medium' }); // "1 minutes"
    const fresh = (later ?? '').replaceAll(', 1 minutes', '');
    expect(reasonOf(fresh)).toMatch(/^Seen/);
    expect(analyzeGoroutines(`${old}${fresh}`)).toMatchObject({ outcome: 'Identified', confidence: 'medium' });
  });

  it.each([
    ['', /^No goroutine dump in it: empty text/],
    ['time="2026-11-24T06:00:00Z" level=info msg="reaper.go: hello"\n', /^No goroutine dump in it: log of 1 line/],
    [
      'goroutine profile: total 7\n1 @ 0x1\n#\t0x1\tgithub.com/containerd/containerd/reaper.Reap+0x1\t/reaper.go:44\n',
      /pprof profile "goroutine", total 7/,
    ],
    ['Full thread dump OpenJDK 64-Bit Server VM (17.0.1 mixed mode):\n', /JVM thread dump/],
    [
      'panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/app/main.go:3 +0x1\n',
      /^Go crash: panic: boom.*another Go program \(\/src\/app\/main\.go\)/,
    ],
    ['goroutine 1 [chan send, 9 minutes]:\nmain.Reap()\n\treaper.go:44\n', /Not a containerd shim/],
    ['panic: boom\n', /Go panic: boom, without goroutines/],
  ])('%j is not this fault, and the reason says what it is', (text, reason) => {
    expect(reasonOf(text)).toMatch(reason);
  });

  it('that lost its long messages on export says how to export them', () => {
    expect(reasonOf(readFixture('j-journald-json-without-all-of-a-1.txt'))).toMatch(/^Only the end of a dump.*journalctl -a -o json/);
  });
});
