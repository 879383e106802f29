import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Artifact, LIMITS } from '@kdr/api-types';
import { ForeignError } from './exchange.ts';
import { PluginError } from './plugin-error.ts';

/** Takes the bytes of an artifact, in order. */
export type ArtifactWriter = (chunk: Buffer) => void | Promise<void>;

/** @throws PluginError KDR_ARTIFACT_TOO_LARGE, before a byte is asked for. */
export function checkAnnounced(name: string, artifact: Artifact): void {
  if (artifact.size <= LIMITS.artifactBytes) return;
  throw new PluginError('KDR_ARTIFACT_TOO_LARGE', `${name}: artifact ${artifact.id} has ${artifact.size} bytes`, {
    retryable: false,
    sent: false,
  });
}

/** Streams the body to the writer; never more than the announced size. @throws PluginError KDR_ARTIFACT_INVALID */
export async function streamArtifact(name: string, artifact: Artifact, response: IncomingMessage, write: ArtifactWriter): Promise<void> {
  const invalid = (why: string) =>
    new PluginError('KDR_ARTIFACT_INVALID', `${name}: artifact ${artifact.id} ${why}`, { retryable: false, sent: true });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > artifact.size) throw invalid(`is larger than the announced ${artifact.size} bytes`);
    hash.update(chunk);
    try {
      await write(chunk);
    } catch (error) {
      throw new ForeignError(error);
    }
  }
  if (bytes !== artifact.size) throw invalid(`has ${bytes} bytes, announced were ${artifact.size}`);
  if (hash.digest('hex') !== artifact.sha256) throw invalid('has another sha256 than announced');
}
