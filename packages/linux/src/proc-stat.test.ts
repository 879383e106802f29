import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasExited, isKernelThread, parseProcStat } from './proc-stat.ts';
import { fixture } from './testing/fixture.ts';

const tail = 'S 7 8 9 0 -1 4194304 1 2 3 4 11 12 0 0 20 0 3 0 123825 1000 5 18446744073709551615 0 0';

describe('parseProcStat', () => {
  it('reads a real shim', () => {
    expect(parseProcStat(fixture('proc/shim.stat'))).toEqual({
      pid: 24403,
      comm: 'containerd-shim',
      state: 'S',
      ppid: 1,
      pgrp: 24403,
      session: 5205,
      flags: 4194304,
      utime: 0,
      stime: 0,
      numThreads: 11,
      startTicks: '123825',
      rssPages: 3281,
    });
  });

  it('reads a real zombie whose name holds a parenthesis, a state letter and a line end', () => {
    const stat = parseProcStat(fixture('proc/zombie-odd-name.stat'));
    expect(stat).toMatchObject({ pid: 3901, comm: 'a) R (1\n\\ b', state: 'Z', ppid: 3860, startTicks: '126353' });
    expect(hasExited(stat)).toBe(true);
  });

  it('tells a real kernel thread from a process', () => {
    expect(isKernelThread(parseProcStat(fixture('proc/kernel-thread.stat')))).toBe(true);
    expect(isKernelThread(parseProcStat(fixture('proc/container-init.stat')))).toBe(false);
  });

  it('takes any name that a process can give itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 15 }), fc.nat(4194304), (comm, pid) => {
        const stat = parseProcStat(`${pid} (${comm}) ${tail}\n`);
        expect(stat).toMatchObject({ pid, comm, state: 'S', ppid: 7, utime: 11, stime: 12, numThreads: 3, startTicks: '123825' });
      }),
    );
  });

  it('keeps a start time above 2^53 exactly', () => {
    expect(parseProcStat(`1 (x) ${tail.replace('123825', '18446744073709551615')}`).startTicks).toBe('18446744073709551615');
  });

  it('answers any other text with a coded error or a stat, never with a half of one', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat(tail.length).map((end) => `1 (x) ${tail.slice(0, end)}`),
        ),
        (text) => {
          try {
            const stat = parseProcStat(text);
            expect(Object.values(stat).every((value) => value !== undefined && !Number.isNaN(value))).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({ code: 'KDR_PROC_MALFORMED' });
          }
        },
      ),
    );
  });
});
