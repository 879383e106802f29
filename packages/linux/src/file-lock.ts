import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { loadLibc } from './libc.ts';
import { errnoName, readOrAbsent } from './proc-error.ts';

/** An exclusive lock that is held until `release()` or until the process ends, however it ends. */
export interface FileLock {
  readonly path: string;
  /** May be called twice. The file stays: to remove it would let two processes lock two files of one name. */
  release(): void;
}

/** A lock file could not be opened or locked for another reason than that somebody holds it. */
export class FileLockError extends Error {
  override readonly name = 'FileLockError';
  readonly code = 'KDR_FILE_LOCK_FAILED';
  readonly path: string;

  constructor(path: string, what: string, cause?: unknown) {
    super(`${path} cannot be locked: ${what}`, { cause });
    this.path = path;
  }
}

/**
 * Takes an exclusive kernel lock (flock(2)) on a file, which is created if need be (mode 0600), or answers `undefined` at once if somebody
 * holds it. The kernel drops it with the last descriptor, so not even SIGKILL leaves it behind. On NFS it may not be seen by other machines.
 *
 * The file then holds the pid of the holder, for {@link fileLockHolder}. Throws {@link FileLockError} or {@link LibcError}.
 */
export function fileLock(path: string): FileLock | undefined {
  const libc = loadLibc();
  const fd = openLockFile(path);
  let kept = false;
  try {
    const locked = libc.flockExclusive(fd);
    if (!locked.ok && locked.errno === 'EAGAIN') return undefined;
    if (!locked.ok) throw new FileLockError(path, locked.errno);
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
    kept = true;
    return heldLock(path, fd);
  } finally {
    if (!kept) closeSync(fd);
  }
}

/** The pid that last took the lock, as it wrote it; only for messages to people. */
export function fileLockHolder(path: string): number | undefined {
  const pid = Number.parseInt(readOrAbsent(path, () => readFileSync(path, 'utf8')) ?? '', 10);
  return Number.isSafeInteger(pid) ? pid : undefined;
}

function heldLock(path: string, fd: number): FileLock {
  let open = true;
  return {
    path,
    release: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function openLockFile(path: string): number {
  try {
    // Node.js opens everything O_CLOEXEC: programs that we start do not inherit the lock.
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new FileLockError(path, errnoName(error) ?? 'it cannot be opened', error);
  }
}
