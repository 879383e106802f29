import { chmodSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** One write as it lies in the database. A deletion is a revision too, until it falls out of the change log. */
export interface Revision {
  rv: number;
  resource: string;
  namespace: string;
  name: string;
  deleted: boolean;
  /** When it was written, milliseconds since 1970. */
  at: number;
  json: string;
}

/** The durable log of revisions. All calls are synchronous; a batch is durable when `commit` returns. */
export interface StateDatabase {
  /** Every kept revision, oldest first. */
  revisions(): IterableIterator<Revision>;
  /** The newest revision that was compacted away; watches can start from it or later. */
  compactedThrough(): number;
  begin(): void;
  insert(revision: Revision): void;
  /** Forgets revisions that were superseded at or before `through`. */
  compact(rvs: readonly number[], through: number): void;
  commit(): void;
  rollback(): void;
  close(): void;
}

const schema = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revisions (
  rv INTEGER PRIMARY KEY, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  deleted INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL);
INSERT OR IGNORE INTO meta VALUES ('format', 1), ('compacted', 0);
`;

/**
 * Opens `file` for this process alone. The lock is SQLite's own (locking_mode=EXCLUSIVE): the kernel drops it with the process.
 * WAL with synchronous=FULL syncs the log at each commit, so that what was answered survives a crash of process or machine
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * @throws Error with code KDR_APISERVER_DIRECTORY_IN_USE when another process has it, KDR_APISERVER_STATE_UNREADABLE when it is
 * no state file of a known format.
 */
export function openStateDatabase(file: string): StateDatabase {
  const database = open(file);
  const insert = database.prepare('INSERT INTO revisions (rv, resource, namespace, name, deleted, at, json) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const forget = database.prepare('DELETE FROM revisions WHERE rv = ?');
  const setCompacted = database.prepare("UPDATE meta SET value = ? WHERE key = 'compacted'");
  const all = database.prepare('SELECT rv, resource, namespace, name, deleted, at, json FROM revisions ORDER BY rv');
  return {
    *revisions() {
      for (const row of all.iterate()) yield { ...(row as unknown as Revision), deleted: row['deleted'] === 1 };
    },
    compactedThrough: () => readMeta(database, 'compacted'),
    begin: () => database.exec('BEGIN IMMEDIATE'),
    insert: ({ rv, resource, namespace, name, deleted, at, json }) =>
      void insert.run(rv, resource, namespace, name, deleted ? 1 : 0, at, json),
    compact(rvs, through) {
      for (const rv of rvs) forget.run(rv);
      setCompacted.run(through);
    },
    commit: () => database.exec('COMMIT'),
    rollback() {
      if (database.isTransaction) database.exec('ROLLBACK');
    },
    close: () => database.close(),
  };
}

function open(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // Not by an import: builds that drop the prefix `node:` (tsup's removeNodeProtocol) would then look for a package named sqlite.
    const sqlite = process.getBuiltinModule('node:sqlite');
    database = new sqlite.DatabaseSync(file);
    chmodSync(file, 0o600); // it holds Secrets
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    database.exec('PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864;');
    database.exec(schema);
    const format = readMeta(database, 'format');
    if (format !== 1) throw new Error(`its format is ${format}, known is 1`);
    return database;
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw coded('KDR_APISERVER_DIRECTORY_IN_USE', `another process uses ${file}: stop it, or choose another directory`, cause);
    }
    throw coded('KDR_APISERVER_STATE_UNREADABLE', `${file} cannot be used as the state: ${String((cause as Error).message)}`, cause);
  }
}

function readMeta(database: DatabaseSync, key: string): number {
  return Number(database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.['value'] ?? 0);
}

/** SQLITE_BUSY is 5, SQLITE_LOCKED 6; the low byte of an extended code is the code. */
function isBusy(cause: unknown): boolean {
  const code = (cause as { errcode?: number }).errcode ?? 0;
  return (code & 0xff) === 5 || (code & 0xff) === 6;
}

function coded(code: string, message: string, cause: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}
