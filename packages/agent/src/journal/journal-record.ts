import type { RecoveryAttempt } from '@kdr/api-types';

/** The Abnormal that a record is about. */
export interface JournalSubject {
  uid: string;
  namespace: string;
  name: string;
}

/**
 * One line of the journal.
 * `intent`: this attempt may be called from now on. `outcome`: how the call ended. `recorded`: the API server has that outcome; the attempt is
 * closed. `intrusive`: a diagnoser that touches its target is about to be called.
 */
export type JournalRecord =
  | { type: 'intent'; at: string; abnormal: JournalSubject; attempt: RecoveryAttempt }
  | { type: 'outcome'; at: string; attemptId: string; attempt: RecoveryAttempt }
  | { type: 'recorded'; at: string; attemptId: string }
  | { type: 'intrusive'; at: string; abnormal: JournalSubject; diagnoser: string; purpose: string };

/** An attempt that the API server may not know the end of. `attempt.outcome` is absent while the end is unknown here too. */
export interface OpenAttempt {
  abnormal: JournalSubject;
  attempt: RecoveryAttempt;
}

/** Attempts that are still open after these records, by id. */
export function openAttempts(records: Iterable<JournalRecord>): Map<string, OpenAttempt> {
  const open = new Map<string, OpenAttempt>();
  for (const record of records) applyRecord(open, record);
  return open;
}

/** Brings the open attempts up to date with one record. */
export function applyRecord(open: Map<string, OpenAttempt>, record: JournalRecord): void {
  if (record.type === 'intent') open.set(record.attempt.id, { abnormal: record.abnormal, attempt: record.attempt });
  if (record.type === 'recorded') open.delete(record.attemptId);
  if (record.type !== 'outcome') return;
  const known = open.get(record.attemptId);
  if (known) open.set(record.attemptId, { ...known, attempt: record.attempt });
}

const TYPES = ['intent', 'outcome', 'recorded', 'intrusive'];

/**
 * Reads the lines of a journal. A last line that is not whole was being written when the process or the machine died: nothing came of it, since
 * an act waits for its line. `goodBytes` says where it begins.
 *
 * @throws SyntaxError for a broken line that others follow: that is no crash, somebody else wrote to the file.
 */
export function parseJournal(text: string): { records: JournalRecord[]; goodBytes: number } {
  const lines = text.split('\n');
  lines.pop(); // what follows the last newline: nothing, or the torn tail
  const records: JournalRecord[] = [];
  let goodBytes = 0;
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line);
    if (record) records.push(record);
    else if (index < lines.length - 1) throw new SyntaxError(`line ${index + 1} is not a record of this journal`);
    else break;
    goodBytes += Buffer.byteLength(line) + 1;
  }
  return { records, goodBytes };
}

function parseLine(line: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(line) as Partial<JournalRecord> | null;
    return record !== null && typeof record === 'object' && TYPES.includes(String(record.type)) ? (record as JournalRecord) : undefined;
  } catch {
    return undefined;
  }
}
