import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KdrError } from '@kdr/api-types';
import type { RecoveryAttempt } from '@kdr/api-types';
import { applyRecord, openAttempts, parseJournal } from './journal-record.ts';
import type { JournalRecord, JournalSubject, OpenAttempt } from './journal-record.ts';

/** What this node was about to do, on disk before it is done. Every promise resolves when the record has been fsynced, unless it says otherwise. */
export interface Journal {
  intent(abnormal: JournalSubject, attempt: RecoveryAttempt): Promise<void>;
  /** Resolves when it is written but perhaps not yet on the disk: if the machine dies now, the attempt is probed. */
  outcome(attempt: RecoveryAttempt): Promise<void>;
  /** The API server has the outcome: the attempt is closed. Not waited for either. */
  recorded(attemptId: string): Promise<void>;
  intrusive(abnormal: JournalSubject, diagnoser: string, purpose: string): Promise<void>;
  /** Attempts whose end the API server may not know: of one Abnormal, or all. */
  open(uid?: string): OpenAttempt[];
  /** Why nothing can be written at the moment, in a sentence. */
  readonly broken: string | undefined;
  close(): Promise<void>;
}

interface Waiting {
  record: JournalRecord;
  durable: boolean;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** A journal is rewritten with its open attempts and its last records when it has grown to this. */
const COMPACT_BYTES = 4 * 1024 * 1024;
const KEPT_RECORDS = 1_000;

/**
 * Opens the journal, an append-only file of JSON lines (mode 0600). A torn tail is cut off. Records that are written at the same time share one
 * fsync. A write that fails (disk full) leaves no half line behind and is reported to its caller, who must not act then.
 *
 * @throws KdrError KDR_JOURNAL_BROKEN if the file can't be read or is not a journal: nothing may act then.
 */
export async function openJournal(path: string, options: { compactBytes?: number } = {}): Promise<Journal> {
  const compactBytes = options.compactBytes ?? COMPACT_BYTES;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const records = await recover(path);
  const attempts = openAttempts(records);
  let recent = records.slice(-KEPT_RECORDS);
  let file = await rewrite(path, kept(attempts, recent));
  let size = (await file.stat()).size;
  // What is kept may be large itself: only a file that has doubled since is worth rewriting.
  let compactAt = Math.max(compactBytes, 2 * size);
  let queue: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let broken: string | undefined;

  const compact = async (): Promise<void> => {
    recent = recent.slice(-KEPT_RECORDS);
    const next = await rewrite(path, kept(attempts, recent));
    await file.close();
    file = next;
    size = (await file.stat()).size;
    compactAt = Math.max(compactBytes, 2 * size);
  };

  const writeBatch = async (batch: Waiting[]): Promise<void> => {
    const bytes = Buffer.from(batch.map(({ record }) => `${JSON.stringify(record)}\n`).join(''));
    try {
      await writeAll(file, bytes, size);
      if (batch.some(({ durable }) => durable)) await file.datasync();
      size += bytes.length;
      broken = undefined;
    } catch (cause) {
      broken = `the journal ${path} can't be written: ${(cause as Error).message}`;
      await file.truncate(size).catch(() => undefined);
      const error = new KdrError('KDR_JOURNAL_BROKEN', broken, { cause });
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { record, resolve } of batch) {
      applyRecord(attempts, record);
      recent.push(record);
      resolve();
    }
    if (size > compactAt) await compact().catch((error: Error) => (broken = `the journal ${path} can't be compacted: ${error.message}`));
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      await writeBatch(batch);
    }
    writing = undefined;
  };

  const append = (record: JournalRecord, durable: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      queue.push({ record, durable, resolve, reject });
      writing ??= Promise.resolve().then(drain);
    });
  const now = (): string => new Date().toISOString();

  return {
    intent: (abnormal, attempt) => append({ type: 'intent', at: now(), abnormal, attempt }, true),
    outcome: (attempt) => append({ type: 'outcome', at: now(), attemptId: attempt.id, attempt }, false),
    recorded: (attemptId) => append({ type: 'recorded', at: now(), attemptId }, false),
    intrusive: (abnormal, diagnoser, purpose) => append({ type: 'intrusive', at: now(), abnormal, diagnoser, purpose }, true),
    open: (uid) => [...attempts.values()].filter((entry) => uid === undefined || entry.abnormal.uid === uid),
    get broken() {
      return broken;
    },
    close: async () => {
      await writing;
      await file.close();
    },
  };
}

async function recover(path: string): Promise<JournalRecord[]> {
  try {
    return parseJournal(await readFile(path, 'utf8')).records;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new KdrError('KDR_JOURNAL_BROKEN', `the journal ${path} can't be read: ${(cause as Error).message}`, { cause });
  }
}

/** Open attempts first, then what else is worth keeping for people; an intent that is among the recent records is not written twice. */
function kept(attempts: Map<string, OpenAttempt>, recent: JournalRecord[]): JournalRecord[] {
  const seen = new Set(recent.flatMap((record) => (record.type === 'intent' ? [record.attempt.id] : [])));
  const older = [...attempts.values()].filter(({ attempt }) => !seen.has(attempt.id));
  return [...older.map(({ abnormal, attempt }): JournalRecord => ({ type: 'intent', at: attempt.intentAt, abnormal, attempt })), ...recent];
}

/** Replaces the file as a whole: a crash leaves the old one or the new one (rename(2)). */
async function rewrite(path: string, records: JournalRecord[]): Promise<FileHandle> {
  const next = `${path}.new`;
  const file = await open(next, 'w', 0o600);
  try {
    await writeAll(file, Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join('')), 0);
    await file.sync();
    await rename(next, path);
    await syncDirectory(dirname(path));
    return file;
  } catch (cause) {
    await file.close();
    throw new KdrError('KDR_JOURNAL_BROKEN', `the journal ${path} can't be written: ${(cause as Error).message}`, { cause });
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function syncDirectory(path: string): Promise<void> {
  if (!(await stat(path)).isDirectory()) return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
