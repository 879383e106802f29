import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectedInformation } from '@kdr/api-types';

/** Full answers of collectors, on the node: a process that goes on after a crash reads them from here. One directory per Abnormal. */
export interface InformationStore {
  put(uid: string, collector: string, information: CollectedInformation): Promise<void>;
  /** Undefined where there is none, or it can't be read. */
  get(uid: string, collector: string): Promise<CollectedInformation | undefined>;
  drop(uid: string): Promise<void>;
  /** Drops what belongs to no Abnormal any more. */
  sweep(known: (uid: string) => boolean): Promise<void>;
}

const SAFE = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;

/** The size is bounded by that of an answer (256 KiB), of the list of collectors (32) and by the life of the Abnormals. Files are 0600. */
export function createInformationStore(directory: string): InformationStore {
  const folderOf = (uid: string): string => join(directory, safe(uid));
  const pathOf = (uid: string, collector: string): string => join(folderOf(uid), `${safe(collector)}.json`);
  return {
    put: async (uid, collector, information) => {
      const path = pathOf(uid, collector);
      await mkdir(folderOf(uid), { recursive: true, mode: 0o700 });
      // Replaced as a whole. It needs no fsync: what a power cut takes is collected again.
      await writeFile(`${path}.new`, JSON.stringify(information), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    get: async (uid, collector) => {
      try {
        return JSON.parse(await readFile(pathOf(uid, collector), 'utf8')) as CollectedInformation;
      } catch {
        return undefined;
      }
    },
    drop: (uid) => rm(folderOf(uid), { recursive: true, force: true }),
    sweep: async (known) => {
      const uids = await readdir(directory).catch(() => []);
      for (const uid of uids) if (!known(uid)) await rm(join(directory, uid), { recursive: true, force: true });
    },
  };
}

/** Names come from the API server, whose validation forbids all else; a path is not built on that alone. */
function safe(name: string): string {
  if (!SAFE.test(name)) throw new TypeError(`"${name}" can't be the name of a file here`);
  return name;
}
