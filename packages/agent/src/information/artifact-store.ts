import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Artifact, ArtifactReference } from '@kdr/api-types';
import type { PluginClient } from '@kdr/plugin-client';

/** Large evidence on the node. A file is named by the sha256 of its bytes. */
export interface ArtifactStore {
  /** Pulls an artifact from its plugin. @throws PluginError if it is not what was announced; nothing is kept then. */
  pull(client: PluginClient, artifact: Artifact, signal: AbortSignal): Promise<ArtifactReference>;
  pathOf(sha256: string): string;
}

/**
 * @param totalBytes what all files together may take; the ones that were not used for longest go first. Files are 0600, and on the disk before
 * a status names them.
 */
export function createArtifactStore(directory: string, totalBytes: number): ArtifactStore {
  const pathOf = (sha256: string): string => join(directory, sha256);
  let trimming: Promise<void> = Promise.resolve();

  const fetch = async (client: PluginClient, artifact: Artifact, signal: AbortSignal): Promise<void> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const part = join(directory, `.${randomUUID()}.part`);
    const file = await open(part, 'wx', 0o600);
    try {
      await client.artifact(artifact, (chunk) => file.writeFile(chunk), { signal });
      await file.sync();
      await file.close();
      await rename(part, pathOf(artifact.sha256));
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(part, { force: true });
      throw error;
    }
  };

  return {
    pull: async (client, artifact, signal) => {
      const known = await stat(pathOf(artifact.sha256)).catch(() => undefined);
      if (known?.size === artifact.size) await utimes(pathOf(artifact.sha256), new Date(), new Date());
      else await fetch(client, artifact, signal);
      trimming = trimming.then(() => trim(directory, totalBytes, artifact.sha256)).catch(() => undefined);
      await trimming;
      const { id, mediaType, size, sha256 } = artifact;
      return { name: id, mediaType, size, sha256 };
    },
    pathOf,
  };
}

async function trim(directory: string, totalBytes: number, keep: string): Promise<void> {
  const names = await readdir(directory);
  const files = await Promise.all(names.map(async (name) => ({ name, info: await stat(join(directory, name)) })));
  let total = files.reduce((sum, { info }) => sum + info.size, 0);
  for (const { name, info } of files.sort((a, b) => a.info.mtimeMs - b.info.mtimeMs)) {
    if (total <= totalBytes) return;
    // A part may be in the making; one that a crash left is older than any call.
    if (name === keep || (name.endsWith('.part') && Date.now() - info.mtimeMs < 600_000)) continue;
    await rm(join(directory, name), { force: true });
    total -= info.size;
  }
}
