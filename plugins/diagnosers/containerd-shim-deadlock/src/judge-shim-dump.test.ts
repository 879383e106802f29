import { parseGoroutineDumps, waitedMutex, type Frame, type Goroutine, type GoroutineDump } from '@kdr/goroutine-dump';
import { describe, expect, it } from 'vitest';
import { judgeShimDump } from './judge-shim-dump.ts';
import { readFixture } from './read-fixture.ts';

const dumpOf = (file: string): GoroutineDump => {
  const dump = parseGoroutineDumps(readFixture(file)).dumps.at(-1);
  if (!dump) throw new Error(`no dump in ${file}`);
  return dump;
};
const goroutine = (dump: GoroutineDump, id: number | undefined): Goroutine => {
  const found = dump.goroutines.find((one) => one.id === id);
  if (!found) throw new Error(`no goroutine ${id}`);
  return found;
};
const frame = (one: Goroutine, name: RegExp): Frame => {
  const found = one.frames.find((candidate) => name.test(candidate.function));
  if (!found) throw new Error(`no frame ${name} in goroutine ${one.id}`);
  return found;
};
const without = (dump: GoroutineDump, id: number | undefined): void => {
  dump.goroutines = dump.goroutines.filter((one) => one.id !== id);
};

const deadlocked = [
  ...[1, 2, 3, 4, 5].map((n) => `a-deadlocked-v1.2.0-go1.26-${n}.txt.gz`),
  'a-deadlocked-v1.2.0-go1.26-2-later.txt.gz',
  ...[1, 2, 3].map((n) => `b-deadlocked-v1.2.0-go1.13-${n}.txt.gz`),
  ...[1, 2, 3].map((n) => `c-deadlocked-v1shim-v1.2.0-go1.26-${n}.txt.gz`),
];

describe('real deadlocked shims', () => {
  it.each(deadlocked)('%s: high, by a cycle whose links are tied', (file) => {
    const dump = dumpOf(file);
    const verdict = judgeShimDump(dump);
    expect(verdict).toMatchObject({ verdict: 'Deadlocked', confidence: 'high', variant: 'MutexCycle' });
    const [reaper, reader, holder] = verdict.cycle;
    expect(verdict.cycle.map((link) => link.role)).toEqual(['reaper', 'reader', 'holder']);
    expect(reaper).toMatchObject({
      goroutine: 1,
      state: 'chan send',
      frame: 'shim.Reap',
      place: expect.stringMatching(/^reaper(?:_unix)?\.go:44$/),
    });
    expect(reader?.address).toBe(waitedMutex(goroutine(dump, reader?.goroutine)));
    expect(holder?.holds).toContain(`holds ${reader?.address}`);
    expect(verdict.bystanders).toBeGreaterThan(50);
  });
});

describe('real shims that are not deadlocked', () => {
  it.each([
    ['d-healthy-v1.2.0-go1.13.txt', 'LoopAlive', /^Idle and healthy.*goroutine 1 \[chan receive\]/],
    ['d-healthy-v1.2.0-go1.26.txt', 'LoopAlive', /^Idle and healthy/],
    ['d-healthy-v1.2.10-go1.26.txt', 'LoopAlive', /^Idle and healthy/],
    ['d-healthy-v1shim-v1.2.0-go1.26.txt', 'LoopAlive', /goroutine 1 \[select\]/],
    ...[1, 2, 3].flatMap((n) =>
      ['go113', 'go126'].map(
        (go) =>
          [
            `e-busy-8-exec-loops-v1.2.0-${go}-${n}.txt.gz`,
            'LoopAlive',
            /^Busy \(\d+ waiting for a runc command, \d+ for a mutex\)/,
          ] as const,
      ),
    ),
    ['f-fixed-v1.2.10-go1.26-afterwards.txt', 'LoopAlive', /healthy/],
    ['f-fixed-v1.2.10-go1.26-stalling-1.txt.gz', 'FixedVersion', /fixed version.*loop is alive: goroutine 1 \[runnable\]/],
    ['f-fixed-v1.2.10-go1.26-stalling-3.txt.gz', 'FixedVersion', /fixed version.*loop is alive: goroutine 1 \[select\]/],
    ['g-debian-containerd-shim-runc-v2-1.6.20-healthy.txt', 'LoopAlive', /shim\.reap shim_unix\.go/],
    ['h-containerd-1.6.20-sigusr1.txt', 'NotAShim', /containerd itself/],
    ['h-dockerd-20.10.24-sigusr1-file.txt', 'NotAShim', /dockerd/],
  ] as const)('%s: %s', (file, seenInstead, reason) => {
    const verdict = judgeShimDump(dumpOf(file));
    expect(verdict).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'high', seenInstead, cycle: [] });
    expect(verdict.reason).toMatch(reason);
  });
});

/** Each breaks one link of a real cycle; `ids` are the goroutines of that cycle. */
const nearMisses: Record<string, (dump: GoroutineDump, ids: { reaper: number; reader: number; holder: number }) => void> = {
  'the reaper is runnable': (dump, { reaper }) => void (goroutine(dump, reaper).state = 'runnable'),
  'the reaper waits for its lock': (dump, { reaper }) => void (goroutine(dump, reaper).state = 'sync.Mutex.Lock'),
  'the reaper is in select': (dump, { reaper }) => void (goroutine(dump, reaper).state = 'select'),
  'the reaper has left Reap': (dump, { reaper }) => void goroutine(dump, reaper).frames.shift(),
  'Reap is of another package': (dump, { reaper }) =>
    void (frame(goroutine(dump, reaper), /Reap$/).package = 'github.com/containerd/containerd/sys'),
  'the reaper is missing': (dump, { reaper }) => without(dump, reaper),
  'the reader is missing': (dump, { reader }) => without(dump, reader),
  'the reader waits for another mutex': (dump, { reader }) => {
    for (const one of goroutine(dump, reader).frames)
      if (/Mutex\)\.(?:lockSlow|Lock)$/.test(one.function) && one.args[0] !== '...') one.args[0] = '0xc0ffee0020';
  },
  'the address of the reader’s mutex may be stale': (dump, { reader }) => {
    for (const one of goroutine(dump, reader).frames)
      if (/Mutex\)\.(?:lockSlow|Lock)$/.test(one.function) && one.args[0] !== '...') one.args[0] = `${String(one.args[0])}?`;
  },
  'the reader has just got its mutex': (dump, { reader }) => void (goroutine(dump, reader).state = 'runnable'),
  'the holder is missing': (dump, { holder }) => without(dump, holder),
  'the holder works on another object': (dump, { holder }) => {
    for (const one of goroutine(dump, holder).frames)
      if (/\.\(\*(?:execProcess|Init|[sS]ervice)\)\./.test(one.function)) one.args[0] = '0xc0ffee0000';
  },
  'the holder’s object may be stale': (dump, { holder }) => {
    for (const one of goroutine(dump, holder).frames)
      if (/\.\(\*(?:execProcess|Init|[sS]ervice)\)\./.test(one.function)) one.args[0] = `${String(one.args[0])}?`;
  },
  'the holder has left Wait': (dump, { holder }) => {
    const one = goroutine(dump, holder);
    one.frames = one.frames.slice(one.frames.findIndex((candidate) => /go-runc\.\(\*Runc\)/.test(candidate.function)) + 1);
    one.state = 'runnable';
  },
  'the holder is about to read its exit': (dump, { holder }) => void (goroutine(dump, holder).state = 'runnable'),
  'another one starts a command': (dump, { holder }) => {
    const one = goroutine(dump, holder);
    const start = {
      ...frame(one, /Monitor\)\.Wait$/),
      function: 'github.com/containerd/containerd/runtime/v2/shim.(*Monitor).Start',
      method: 'Start',
    };
    dump.goroutines.push({
      ...one,
      id: 99_999,
      state: 'syscall',
      frames: [start, ...one.frames.filter((candidate) => /go-runc/.test(candidate.function))],
    });
  },
  'another one reads its exits': (dump, { holder }) => {
    const one = goroutine(dump, holder);
    dump.goroutines.push({ ...one, id: 99_999, state: 'runnable', frames: [frame(one, /Monitor\)\.Wait$/)] });
  },
  'two could hold the mutex': (dump, { holder }) => void dump.goroutines.push({ ...goroutine(dump, holder), id: 99_999 }),
  'a frame of the fixed reaper is there': (dump, { holder }) => {
    const one = frame(goroutine(dump, holder), /Monitor\)\.Wait$/);
    one.package = 'github.com/containerd/containerd/sys/reaper';
    one.function = 'github.com/containerd/containerd/sys/reaper.(*Monitor).Wait';
  },
  'the end of the dump is missing': (dump) => void (dump.complete = false),
};

describe('near misses: a real cycle with one link taken out is not proven any more', () => {
  // Cycles in Wait, not in Unsubscribe; one of each build.
  const files = [
    'a-deadlocked-v1.2.0-go1.26-3.txt.gz',
    'b-deadlocked-v1.2.0-go1.13-1.txt.gz',
    'c-deadlocked-v1shim-v1.2.0-go1.26-1.txt.gz',
  ];
  it.each(files.flatMap((file) => Object.keys(nearMisses).map((name) => [name, file] as const)))('%s (%s)', (name, file) => {
    const dump = dumpOf(file);
    const [reaper, reader, holder] = judgeShimDump(dump).cycle.map((link) => link.goroutine);
    nearMisses[name]?.(dump, { reaper: reaper ?? 0, reader: reader ?? 0, holder: holder ?? 0 });
    expect(judgeShimDump(dump)).toMatchObject({ verdict: 'NotDeadlocked' });
  });

  it('a holder in Unsubscribe must wait for the Monitor’s own lock', () => {
    const dump = dumpOf('a-deadlocked-v1.2.0-go1.26-1.txt.gz');
    const holder = goroutine(dump, judgeShimDump(dump).cycle[2]?.goroutine);
    frame(holder, /lockSlow$/).args[0] = '0xa36f00';
    expect(judgeShimDump(dump)).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'low', seenInstead: 'Unproven' });
  });
});

/** The real dump a-1 with its reader set free: what is left is the goroutine in Unsubscribe. */
const unsubscribing = (): GoroutineDump => {
  const dump = dumpOf('a-deadlocked-v1.2.0-go1.26-1.txt.gz');
  const reader = goroutine(dump, judgeShimDump(dump).cycle[1]?.goroutine);
  reader.state = 'chan receive';
  reader.frames = reader.frames.filter((one) => one.method === 'processExits');
  return dump;
};

describe('the direct cycle', () => {
  it('is high when every other channel is empty', () => {
    expect(judgeShimDump(unsubscribing())).toMatchObject({
      verdict: 'Deadlocked',
      confidence: 'high',
      variant: 'UnsubscribeCycle',
      cycle: [
        { role: 'reaper', holds: 'the Monitor lock 0xa36eb0' },
        { role: 'subscriber', frame: 'shim.(*Monitor).Unsubscribe', address: '0xa36eb0' },
      ],
    });
  });

  it('is not proven when the service’s reader may still read, or a Wait does, or the dump is cut', () => {
    const busyReader = unsubscribing();
    goroutine(busyReader, 22).state = 'runnable';
    const busyWait = unsubscribing();
    const waiting = busyWait.goroutines.find((one) => one.state === 'chan receive' && one.frames[0]?.function.endsWith('(*Monitor).Wait'));
    if (waiting) waiting.state = 'running';
    const cut = { ...unsubscribing(), complete: false };
    for (const dump of [busyReader, busyWait, cut])
      expect(judgeShimDump(dump)).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'low', seenInstead: 'Unproven' });
  });
});

describe('the second look', () => {
  const unproven = (): GoroutineDump => ({ ...dumpOf('a-deadlocked-v1.2.0-go1.26-2.txt.gz'), complete: false });
  const later = (): GoroutineDump => ({ ...dumpOf('a-deadlocked-v1.2.0-go1.26-2-later.txt.gz'), complete: false });

  it('makes it medium when the same goroutines stand there again after 5 s', () => {
    expect(judgeShimDump(unproven())).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'low' });
    expect(judgeShimDump(unproven(), { secondLook: { dump: later(), secondsLater: 75 } })).toMatchObject({
      verdict: 'Deadlocked',
      confidence: 'medium',
      variant: 'Repeated',
    });
  });

  it('does not count before 5 s', () => {
    expect(judgeShimDump(unproven(), { secondLook: { dump: later(), secondsLater: 4 } })).toMatchObject({
      verdict: 'NotDeadlocked',
      confidence: 'low',
    });
  });

  it('clears a shim whose reaper moved on, whatever the first one showed', () => {
    const moved = later();
    goroutine(moved, 1).state = 'runnable';
    const verdict = judgeShimDump(dumpOf('a-deadlocked-v1.2.0-go1.26-2.txt.gz'), { secondLook: { dump: moved, secondsLater: 6 } });
    expect(verdict).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'high', seenInstead: 'MovedOn' });
  });

  it('is not needed where the runtime says that they stood there for a minute', () => {
    const dump = later();
    const reader = goroutine(dump, judgeShimDump(dump).cycle[1]?.goroutine);
    reader.frames = reader.frames.filter((one) => one.package !== 'internal/sync'); // the address is lost
    expect(goroutine(dump, 1).minutes).toBe(1);
    expect(judgeShimDump(dump)).toMatchObject({ verdict: 'Deadlocked', confidence: 'medium', variant: 'Repeated' });
  });

  it('makes it medium without the reaper’s goroutine only in a cut dump', () => {
    const dump = later();
    without(dump, 1);
    expect(judgeShimDump(dump)).toMatchObject({ verdict: 'Deadlocked', confidence: 'medium', variant: 'ReaperUnseen' });
    expect(judgeShimDump({ ...dump, complete: true })).toMatchObject({ verdict: 'NotDeadlocked' });
    for (const one of dump.goroutines) delete one.minutes;
    expect(judgeShimDump(dump)).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'low' });
  });
});

describe('other hangs', () => {
  const shim = (...stacks: string[]): GoroutineDump => {
    const [dump] = parseGoroutineDumps(`=== BEGIN goroutine stack dump ===\n${stacks.join('\n')}\n=== END goroutine stack dump ===`).dumps;
    if (!dump) throw new Error('no dump');
    return dump;
  };
  const loop =
    'goroutine 1 [select]:\nmain.handleSignals(0xc1, 0xc2)\n\tgithub.com/containerd/containerd/cmd/containerd-shim/main_unix.go:190\n';

  it('the open of a FIFO is told apart', () => {
    const open =
      'goroutine 9 [syscall, 12 minutes]:\nsyscall.Syscall6(0x101)\n\tsys.go:1\ngithub.com/containerd/fifo.OpenFifo.func2(0xc1)\n\tfifo.go:99\ngithub.com/containerd/containerd/linux/proc.copyPipes(0xc1)\n\tio.go:1\ngithub.com/containerd/containerd/linux/proc.(*execProcess).start(0xc1)\n\texec.go:1\n';
    const verdict = judgeShimDump(shim(loop, open));
    expect(verdict).toMatchObject({ verdict: 'NotDeadlocked', seenInstead: 'FifoOpen' });
    expect(verdict.reason).toMatch(/FIFO open hang.*goroutine 9 \[syscall\].*loop that reaps is alive/);
  });

  it('a delete that waits for output is told apart', () => {
    const remove =
      'goroutine 9 [semacquire, 12 minutes]:\nsync.runtime_Semacquire(0xc1)\n\tsema.go:1\nsync.(*WaitGroup).Wait(0xc1)\n\twg.go:1\ngithub.com/containerd/containerd/runtime/v1/linux/proc.(*execProcess).delete(0xc1)\n\texec.go:1\n';
    expect(judgeShimDump(shim(loop, remove))).toMatchObject({ verdict: 'NotDeadlocked', seenInstead: 'ExecIo' });
  });

  it('a chan send in os/exec is a consequence, not the cause', () => {
    const watch = 'goroutine 9 [chan send, 30 minutes]:\nos/exec.(*Cmd).watchCtx.func1(0xc1)\n\texec.go:1\n';
    expect(judgeShimDump(shim(loop, watch))).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'high', seenInstead: 'LoopAlive' });
  });

  it('reaper.go in a stack is no evidence', () => {
    const wait =
      'goroutine 9 [chan receive, 3 minutes]:\ngithub.com/containerd/containerd/reaper.(*Monitor).Wait(0xc1, 0xc2, 0xc3)\n\tgithub.com/containerd/containerd/reaper/reaper.go:82\ngithub.com/containerd/go-runc.(*Runc).Exec(0xc1)\n\trunc.go:1\n';
    expect(judgeShimDump(shim(loop, wait))).toMatchObject({ verdict: 'NotDeadlocked', confidence: 'high', seenInstead: 'LoopAlive' });
  });
});
