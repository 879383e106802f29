import type { ProcStat } from './proc-stat.ts';

/**
 * Clock ticks per second of every time in `/proc` (`startTicks`, `utime`, `stime`): the kernel's USER_HZ.
 *
 * It is 100 on each architecture that Node.js runs on (x86, arm64, ppc64le, s390x, riscv64: include/asm-generic/param.h;
 * only alpha and ia64 ever differed), whatever CONFIG_HZ is, so asking `sysconf(_SC_CLK_TCK)` is not needed.
 */
export const CLOCK_TICKS_PER_SECOND = 100;

/** Seconds that a process has existed, for an uptime of the same machine read after its stat. For a zombie: since it started, not since it ended. */
export function processAgeSeconds(stat: Pick<ProcStat, 'startTicks'>, uptimeSeconds: number): number {
  return Math.max(0, uptimeSeconds - Number(stat.startTicks) / CLOCK_TICKS_PER_SECOND);
}

/** CPU seconds (user and system) that the process has used. */
export function cpuSeconds(stat: Pick<ProcStat, 'utime' | 'stime'>): number {
  return (stat.utime + stat.stime) / CLOCK_TICKS_PER_SECOND;
}
