import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type * as Koffi from 'koffi';

/** The result of a system call: its value, or the name of the error that it set. */
export type SyscallResult = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly errno: string };

/** System calls that Node.js does not offer. This file alone touches the FFI library. */
export interface Libc {
  /** pidfd_open(2), Linux ≥ 5.3: a descriptor for the process that has the pid now. The caller closes it. */
  pidfdOpen(pid: number): SyscallResult;
  /** pidfd_send_signal(2), Linux ≥ 5.1: signals the process of the descriptor and no other, whoever has its pid now. */
  pidfdSendSignal(pidfd: number, signal: number): SyscallResult;
  /** flock(2) with LOCK_EX | LOCK_NB. */
  flockExclusive(fd: number): SyscallResult;
}

/** The FFI library is not installed for this platform, or cannot bind libc; `cause` says why. */
export class LibcError extends Error {
  override readonly name = 'LibcError';
  readonly code = 'KDR_LIBC_UNAVAILABLE';

  constructor(cause: unknown) {
    super(
      `system calls cannot be made: the library koffi did not load on ${process.platform}-${process.arch}; is its optional package for this platform installed?`,
      {
        cause,
      },
    );
  }
}

// Since Linux 5.1 new system calls have the same number on every architecture (arch/*/entry/syscalls/syscall.tbl, asm-generic/unistd.h; alpha excepted).
const NR_PIDFD_SEND_SIGNAL = 424;
const NR_PIDFD_OPEN = 434;
// asm-generic/fcntl.h
const LOCK_EX = 2;
const LOCK_NB = 4;

const once: { libc?: Libc } = {};

/**
 * The system calls, bound on first use: a process that never signals or locks does not pay for the FFI library (about 4 MiB).
 *
 * The binding is a constant that is made late, and made once: each further one would cost 16 KiB until a major garbage collection,
 * which an idle process that waits for a lock does not reach. Throws {@link LibcError}.
 */
export function loadLibc(): Libc {
  try {
    return (once.libc ??= bindLibc());
  } catch (error) {
    throw new LibcError(error);
  }
}

function bindLibc(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const libc = koffi.load(null); // the symbols of this process: glibc and musl alike
  const syscall = libc.func('long syscall(long number, ...)') as (...args: unknown[]) => number;
  const flock = libc.func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;
  const result = (value: number): SyscallResult =>
    value >= 0 ? { ok: true, value } : { ok: false, errno: getSystemErrorName(-koffi.errno()) };
  return {
    pidfdOpen: (pid) => result(syscall(NR_PIDFD_OPEN, 'int', pid, 'uint', 0)),
    pidfdSendSignal: (pidfd, signal) => result(syscall(NR_PIDFD_SEND_SIGNAL, 'int', pidfd, 'int', signal, 'void *', null, 'uint', 0)),
    flockExclusive: (fd) => result(flock(fd, LOCK_EX | LOCK_NB)),
  };
}
