import { ProcError } from './proc-error.ts';

/**
 * State letters of `/proc/PID/stat` (kernel: fs/proc/array.c, `task_state_array`).
 * R running, S sleeping, D uninterruptible, T stopped by a signal, t stopped by a tracer, X dead, Z zombie, P parked, I idle.
 */
export type ProcessState = 'R' | 'S' | 'D' | 'T' | 't' | 'X' | 'Z' | 'P' | 'I';

/** What `/proc/PID/stat` says (proc(5)). Times are in clock ticks, see {@link CLOCK_TICKS_PER_SECOND}. */
export interface ProcStat {
  readonly pid: number;
  /** Name of the program as the kernel keeps it: cut to 15 bytes, and the process may change it. */
  readonly comm: string;
  readonly state: ProcessState;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Task flags of the kernel (`PF_*`, include/linux/sched.h). */
  readonly flags: number;
  readonly utime: number;
  readonly stime: number;
  readonly numThreads: number;
  /** Field 22: start of the process in ticks since boot. A string: it is 64 bits wide and only ever compared. */
  readonly startTicks: string;
  /** Field 24: resident pages. */
  readonly rssPages: number;
}

// include/linux/sched.h: PF_KTHREAD, "I am a kernel thread".
const PF_KTHREAD = 0x0020_0000;
const states = new Set<string>(['R', 'S', 'D', 'T', 't', 'X', 'Z', 'P', 'I']);

/** Whether the task is a kernel thread: it has no program, no memory of its own, and no signal reaches it. */
export function isKernelThread(stat: Pick<ProcStat, 'flags'>): boolean {
  return (stat.flags & PF_KTHREAD) !== 0;
}

/**
 * Whether the process has exited: a zombie whose parent has not reaped it, or a task about to vanish. A program whose main thread alone has ended
 * shows state Z too, runs on in its other threads and can't be reaped (kernel/exit.c, delay_group_leader).
 */
export function hasExited(stat: Pick<ProcStat, 'state' | 'numThreads'>): boolean {
  return stat.state === 'X' || (stat.state === 'Z' && stat.numThreads <= 1);
}

/**
 * Parses the text of `/proc/PID/stat` or `/proc/PID/task/TID/stat`.
 *
 * Field 2 is chosen by the process and is not escaped here: it may hold spaces, `)` and line ends, so everything
 * is counted from the *last* `)`. Throws {@link ProcError} `KDR_PROC_MALFORMED`.
 */
export function parseProcStat(text: string, path = 'stat'): ProcStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) throw malformed(path, 'it has no command in parentheses');
  const pid = integer(text.slice(0, open).trim(), path, 'pid');
  // fields[0] is field 3 of proc(5).
  const fields = text
    .slice(close + 1)
    .trim()
    .split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  const state = field(3);
  if (!states.has(state)) throw malformed(path, `it has an unknown state "${state.slice(0, 8)}"`);
  const startTicks = field(22);
  if (!/^\d+$/.test(startTicks)) throw malformed(path, 'field 22 (start time) is not a number');
  return {
    pid,
    comm: text.slice(open + 1, close),
    state: state as ProcessState,
    ppid: integer(field(4), path, 'ppid'),
    pgrp: integer(field(5), path, 'pgrp'),
    session: integer(field(6), path, 'session'),
    flags: integer(field(9), path, 'flags'),
    utime: integer(field(14), path, 'utime'),
    stime: integer(field(15), path, 'stime'),
    numThreads: integer(field(20), path, 'num_threads'),
    startTicks,
    rssPages: integer(field(24), path, 'rss'),
  };
}

function integer(text: string, path: string, name: string): number {
  if (!/^-?\d+$/.test(text)) throw malformed(path, `${name} is not a number`);
  return Number(text);
}

function malformed(path: string, what: string): ProcError {
  return new ProcError('KDR_PROC_MALFORMED', path, `${path} is not a stat file of the kernel: ${what}`);
}
