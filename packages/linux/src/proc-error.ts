/** Why a file of procfs, sysfs or a cgroup could not be used although the process is there. */
export type ProcErrorCode = 'KDR_PROC_PERMISSION_DENIED' | 'KDR_PROC_UNREADABLE' | 'KDR_PROC_MALFORMED' | 'KDR_PROC_BLOCKED';

/**
 * A kernel file exists but cannot be read or understood. A process that is absent, or that vanished between two reads,
 * is never an error: readers answer `undefined` for it.
 *
 * `code` is stable; `path` is the file; `cause` is the system's error, if there was one.
 */
export class ProcError extends Error {
  override readonly name = 'ProcError';
  readonly code: ProcErrorCode;
  readonly path: string;

  constructor(code: ProcErrorCode, path: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.path = path;
  }
}

/** The name of the system's error (`ENOENT`, …) that Node.js put on a thrown value, if it is one. */
export function errnoName(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

// ENOENT: the directory is gone before open. ESRCH: the process ended between open and read.
const absent = new Set(['ENOENT', 'ESRCH']);
const denied = new Set(['EACCES', 'EPERM']);

/**
 * Runs one read of a kernel file: `undefined` when what it belongs to is absent, a {@link ProcError} for everything else.
 */
export function readOrAbsent<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    return absentOrThrow(path, error);
  }
}

/** `undefined` for an absent process; throws a {@link ProcError} for any other failure of a read. */
export function absentOrThrow(path: string, error: unknown): undefined {
  if (error instanceof ProcError) throw error;
  const name = errnoName(error) ?? 'unknown error';
  if (absent.has(name)) return undefined;
  if (denied.has(name)) {
    throw new ProcError(
      'KDR_PROC_PERMISSION_DENIED',
      path,
      `${path} may not be read (${name}): it needs the same user, root, or CAP_SYS_PTRACE`,
      error,
    );
  }
  throw new ProcError('KDR_PROC_UNREADABLE', path, `${path} could not be read (${name})`, error);
}
