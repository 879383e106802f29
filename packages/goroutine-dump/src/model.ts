/**
 * One argument as the Go runtime prints it: a word such as `0x3f1896e603f0`, `0x5?` (the compiler may have let go of the
 * value: do not trust it), `_` (too deep or too large), `...` (more that is not printed), or a list for `{…}`.
 */
export type Argument = string | Argument[];

/** One call on a stack. */
export interface Frame {
  /** Full name without arguments: `github.com/containerd/go-runc.(*Runc).Exec`. */
  function: string;
  /** Import path: `github.com/containerd/go-runc`. Empty for the few names without one (`panic`). */
  package: string;
  /** Type of the receiver without `*`, parentheses and type arguments: `Runc`. Absent for plain functions. */
  receiver?: string;
  /** Name within package and receiver: `Exec`, `Exec.func1`, `main`. */
  method: string;
  /** Arguments as printed. Calls that the compiler inlined print `...` only. */
  args: Argument[];
  /** Source file as printed (absolute, or module-relative for -trimpath). Absent when its line was lost. */
  file?: string;
  /** Line in `file`, 1-based. */
  line?: number;
}

/** Where a goroutine was started. */
export interface Creation {
  function: string;
  /** The goroutine that started it; printed since Go 1.21. */
  goroutine?: number;
  file?: string;
  line?: number;
}

/** One goroutine of a dump. */
export interface Goroutine {
  id: number;
  /** What it does or waits for, as the runtime says it: `running`, `chan send`, `select (no cases)`, `sync.Mutex.Lock`, `semacquire`. */
  state: string;
  /** For how many whole minutes it has been waiting. The runtime prints it from 1 on, and only after a garbage collection noticed the wait. */
  minutes?: number;
  lockedToThread: boolean;
  /** Innermost call first. */
  frames: Frame[];
  createdBy?: Creation;
  /** True when the runtime left frames out of the middle (`...additional frames elided...`). */
  elided: boolean;
}

/**
 * How a dump came to be: `marker` = between containerd's BEGIN and END lines, `panic`, `fatal-error` (runtime throw), `signal`
 * (SIGQUIT, SIGABRT, …), `bare` = goroutines without an introduction (pprof debug=2, debug.Stack, a file written on a signal).
 */
export type DumpOrigin = 'marker' | 'panic' | 'fatal-error' | 'signal' | 'bare';

/** The goroutines of one process at one moment. */
export interface GoroutineDump {
  origin: DumpOrigin;
  /** The introducing line: `panic: runtime error: …`, `SIGQUIT: quit`. */
  reason?: string;
  /** Process id that the log line names (`pid=`). */
  pid?: number;
  /** Time that the log line names, as printed there (`time=` or the log's own prefix). */
  time?: string;
  /** Other `key=value` words of the log line: containerd's shims print `namespace` and `path`. At most 16. */
  fields: Record<string, string>;
  /** The log stream it was found in: `host containerd[123]`, `stderr`, a pod's name; empty for a plain text. */
  source: string;
  goroutines: Goroutine[];
  /** True when the end of the dump was seen (END marker). A dump without one may lack goroutines. */
  complete: boolean;
  /** 1-based line of the text where it starts. */
  line: number;
}

/** What a text is. */
export type TextKind =
  | 'goroutine-dump'
  | 'go-panic'
  | 'pprof-profile'
  | 'jvm-thread-dump'
  | 'python-traceback'
  | 'kernel-log'
  | 'log'
  | 'binary'
  | 'empty'
  | 'other';

/** What was taken off before the dump came to light. */
export interface Wrapping {
  /** Envelopes seen: `docker-json`, `journal-json`, `json`, `cri`, `journald`, `timestamp`, `kubectl`, `compose`, `klog`, `go-log`, `quote`, `other`. */
  envelopes: string[];
  /** How many times the text was escaped (`\n` = 1, `\\n` = 2, …). */
  escapes: number;
  /** True when the newest line came first. */
  reversed: boolean;
  /** How many extra pieces were joined (journald cuts at 48 KiB, docker and CRI at 16 KiB). */
  joinedPieces: number;
}

/** Answer of {@link parseGoroutineDumps}. */
export interface ParsedText {
  kind: TextKind;
  /** The kind in words, with a number or name where there is one: `pprof profile "goroutine", total 42`. */
  description: string;
  /** In the order of time: the newest last. */
  dumps: GoroutineDump[];
  wrapping: Wrapping;
  /** True when a limit was reached and something was left out. */
  truncated: boolean;
  /** Which limits were reached. */
  limitsReached: string[];
  /** Work done, in characters looked at: stays below a constant times the length of the text, whatever the text is. */
  scanned: number;
}
