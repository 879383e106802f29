import { createHash, randomUUID } from 'node:crypto';
import { type ReadStream, createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, KdrError, LIMITS } from '@kdr/api-types';
import type { ArtifactContent } from './plugin.ts';

/** How long an artifact waits to be pulled, and how much may wait. */
const LIFETIME_MS = 10 * 60_000;
const MAX_BYTES = 4 * LIMITS.artifactBytes;
const SWEEP_MS = 60_000;

/** Artifacts on disk until the agent has pulled and released them, or ten minutes. One spool per process, 256 MiB. */
export interface ArtifactSpool {
  /** @throws KdrError KDR_ARTIFACT_TOO_LARGE (one above 64 MiB), KDR_BUSY (too much waits to be pulled) */
  store(content: ArtifactContent): Promise<Artifact>;
  open(id: string): { artifact: Artifact; stream: ReadStream } | undefined;
  release(id: string): Promise<void>;
  close(): Promise<void>;
}

export function createArtifactSpool(): ArtifactSpool {
  const waiting = new Map<string, Artifact & { droppedAt: number }>();
  let bytes = 0;
  let directory: Promise<string> | undefined;
  let path = '';

  const fileOf = (id: string) => join(path, id);
  async function release(id: string): Promise<void> {
    const artifact = waiting.get(id);
    if (artifact === undefined) return;
    waiting.delete(id);
    bytes -= artifact.size;
    await rm(fileOf(id), { force: true });
  }
  async function sweep(): Promise<void> {
    for (const [id, { droppedAt }] of waiting) if (droppedAt <= performance.now()) await release(id);
  }
  const timer = setInterval(() => void sweep().catch(() => undefined), SWEEP_MS).unref();

  return {
    async store({ mediaType, data }) {
      const content = Buffer.isBuffer(data) ? data : Buffer.from(data);
      if (content.length > LIMITS.artifactBytes) {
        throw new KdrError('KDR_ARTIFACT_TOO_LARGE', `an artifact of ${content.length} bytes; ${LIMITS.artifactBytes} are allowed`);
      }
      await sweep();
      if (bytes + content.length > MAX_BYTES) throw new KdrError('KDR_BUSY', `artifacts of ${bytes} bytes wait to be pulled`);
      bytes += content.length;
      const artifact: Artifact = {
        id: randomUUID(),
        mediaType,
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
      };
      try {
        path = await (directory ??= mkdtemp(join(tmpdir(), 'kdr-artifacts-')));
        await writeFile(fileOf(artifact.id), content, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        bytes -= content.length;
        throw error;
      }
      waiting.set(artifact.id, { ...artifact, droppedAt: performance.now() + LIFETIME_MS });
      return artifact;
    },
    open(id) {
      const artifact = waiting.get(id);
      return artifact && { artifact, stream: createReadStream(fileOf(id)) };
    },
    release,
    async close() {
      clearInterval(timer);
      if (directory !== undefined) await rm(await directory, { recursive: true, force: true });
    },
  };
}
