import { ProcError } from '@kdr/linux';

const MAX = 32;

/** Keeps what could not be seen, so that the rest can be given all the same. */
export interface Gaps {
  /** The value, or `undefined` after noting why there is none. What is absent is no gap. */
  see<T>(what: string, read: () => T): T | undefined;
  note(gap: string): void;
  readonly list: readonly string[];
}

export function createGaps(): Gaps {
  const list: string[] = [];
  const note = (gap: string) => {
    if (list.length < MAX && !list.includes(gap)) list.push(gap);
  };
  return {
    list,
    note,
    see(what, read) {
      try {
        return read();
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        if (code === 'ENOENT' || code === 'ESRCH') return undefined;
        if (!(error instanceof ProcError) && !/^E[A-Z]+$/.test(code)) throw error;
        note(`${what}: ${(error as Error).message}`);
        return undefined;
      }
    },
  };
}
