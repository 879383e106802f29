import { type FileHandle, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ActAnswer, KdrError } from '@kdr/api-types';

/** How long a record is kept: far longer than any Abnormal waits for its Probe. */
const LIFETIME_MS = 7 * 24 * 3_600_000;
/** How often old records are looked for. */
const SWEEP_MS = 3_600_000;
const SINCE = '.since';
/** What may be a file's name; the agent's ids are of this shape. */
const ATTEMPT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * One attempt: `started` before act() is called, `finished` after it answered, `withdrawn` where a Probe was told NotDone, so that an Act
 * still under way can't be done after all.
 */
export type AttemptRecord =
  { state: 'started'; target: string } | { state: 'finished'; target: string; answer: ActAnswer } | { state: 'withdrawn'; target: string };

/** Records of attempts that outlive the process (kill -9, power loss): each is written and fsynced, with its directory, before it counts. */
export interface AttemptRecords {
  /** Writes the first record of an attempt; false where there is one already. Only one of two processes gets true. */
  begin(attemptId: string, record: AttemptRecord): Promise<boolean>;
  finish(attemptId: string, record: AttemptRecord): Promise<void>;
  read(attemptId: string): Promise<AttemptRecord | undefined>;
  /** Milliseconds of the epoch since when records have been kept here. An attempt older than that may have been forgotten. */
  readonly since: number;
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

// A new name is durable only once its directory is synced too (fsync(2)).
const syncDirectory = (path: string) => withFile(path, 'r', async () => undefined);

async function writeDurably(path: string, text: string, directory: string): Promise<void> {
  await withFile(path, 'wx', (file) => file.writeFile(text));
  await syncDirectory(directory);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function sinceOf(directory: string): Promise<number> {
  const path = join(directory, SINCE);
  try {
    await writeDurably(path, new Date().toISOString(), directory);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  const since = Date.parse(await readFile(path, 'utf8'));
  // Unreadable, e.g. half written at a power loss: then nothing older than now can be told.
  return Number.isNaN(since) ? Date.now() : since;
}

async function dropOld(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name === SINCE) continue;
    const path = join(directory, name);
    if (Date.now() - (await stat(path)).mtimeMs > LIFETIME_MS) await rm(path, { force: true });
  }
}

/** Opens the records of one recoverer; drops those older than 7 days. @param directory is made where absent, mode 0700 */
export async function openAttemptRecords(directory: string): Promise<AttemptRecords> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const since = await sinceOf(directory);
  await dropOld(directory);

  let sweptAt = Date.now();
  /** A look at every record, so not with every attempt. */
  const sweep = async () => {
    if (Date.now() - sweptAt < SWEEP_MS) return;
    sweptAt = Date.now();
    await dropOld(directory);
  };

  const pathOf = (attemptId: string) => {
    if (!ATTEMPT_ID.test(attemptId)) throw new KdrError('KDR_BAD_REQUEST', `attemptId: Expected to match ${ATTEMPT_ID.source}`);
    return join(directory, `${attemptId}.json`);
  };
  return {
    since,
    async begin(attemptId, record) {
      const path = pathOf(attemptId);
      try {
        await writeDurably(path, JSON.stringify(record), directory);
        return true;
      } catch (error) {
        if (isCode(error, 'EEXIST')) return false;
        throw error;
      }
    },
    async finish(attemptId, record) {
      const path = pathOf(attemptId);
      const next = `${path}.next`;
      await rm(next, { force: true });
      await withFile(next, 'wx', (file) => file.writeFile(JSON.stringify(record)));
      await rename(next, path);
      await syncDirectory(directory);
      await sweep();
    },
    async read(attemptId) {
      let text: string;
      try {
        text = await readFile(pathOf(attemptId), 'utf8');
      } catch (error) {
        if (isCode(error, 'ENOENT')) return undefined;
        throw error;
      }
      try {
        return JSON.parse(text) as AttemptRecord;
      } catch {
        // The name was made and the power failed before the text was on disk: act() was not called yet, but a doubt is a doubt.
        return { state: 'started', target: '' };
      }
    },
  };
}
