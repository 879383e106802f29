import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { FaultError } from '../faults/fault-error.ts';

/** Buildah with a storage of its own. */
export interface Buildah {
  /** Runs one command; `what` names it in an error. */
  run(what: string, args: readonly string[], timeoutMs: number): Promise<void>;
}

/** Where its library remembers layers for root, outside of any storage (containers/image, pkg/blobinfocache/default). */
const REMEMBERED = '/var/lib/containers';

/**
 * Runs `use` with a buildah whose storage lies in `directory`; nothing of it stays elsewhere.
 * @throws FaultError KDR_FAULTS_BUILD_FAILED with the end of what buildah said.
 */
export async function withBuildah<T>(directory: string, use: (buildah: Buildah) => Promise<T>): Promise<T> {
  const hadRemembered = existsSync(REMEMBERED);
  const storage = ['--storage-driver', 'overlay', '--root', join(directory, 'storage'), '--runroot', join(directory, 'run')];
  const run = async (what: string, args: readonly string[], timeoutMs: number) => {
    const result = await execa('buildah', [...storage, ...args], {
      env: { TMPDIR: directory },
      timeout: timeoutMs,
      reject: false,
      stdin: 'ignore',
      all: true,
    });
    if (result.failed)
      throw new FaultError(
        'KDR_FAULTS_BUILD_FAILED',
        `buildah could not ${what}: ${(result.all ?? result.shortMessage ?? '').slice(-2000)}`,
      );
  };
  try {
    return await use({ run });
  } finally {
    if (!hadRemembered) rmSync(REMEMBERED, { recursive: true, force: true });
  }
}
