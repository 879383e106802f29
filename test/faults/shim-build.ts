import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { FaultError } from './fault-error.ts';
import { buildGoProgram } from './go-build.ts';
import { silent, type OnProgress } from './progress.ts';

/** v1.2.0 deadlocks (containerd pull request 3529); v1.2.10 has the fix (pull request 3540, in v1.2.8). */
export type ShimVersion = 'v1.2.0' | 'v1.2.10';

/** `runc-v1`: containerd-shim-runc-v1, runtime v2 API. `v1`: containerd-shim, the runtime v1 API, which Docker 18.06 and 18.09 used. */
export type ShimApi = 'runc-v1' | 'v1';

/** Which shim to build. */
export interface ShimBuild {
  readonly version: ShimVersion;
  readonly api: ShimApi;
  /** Toolchain of that time (dumps look as those of Docker 18.06 and 18.09 do); default the installed Go. */
  readonly go?: '1.13.15';
  readonly onProgress?: OnProgress;
  /** Ends a build that is under way. */
  readonly signal?: AbortSignal;
}

const VERSIONS: readonly ShimVersion[] = ['v1.2.0', 'v1.2.10'];
const PROGRAMS = { 'runc-v1': 'containerd-shim-runc-v1', v1: 'containerd-shim' } as const;
const START_SCRIPT = join(import.meta.dirname, 'shims', 'start.sh');

/**
 * Builds a containerd shim as released, unpatched, and caches it.
 * @returns the absolute path to give to `startContainerd` (api `v1`) and to `startShimContainer` (both). For `runc-v1` it is a start-up script
 * (see shims/start.sh); the daemon's executable is `real/containerd-shim-runc-v1` beside it.
 * @throws FaultError KDR_FAULTS_BAD_ARGUMENT, KDR_FAULTS_MISSING_PROGRAM, KDR_FAULTS_BUILD_FAILED
 */
export async function buildShim({ version, api, go, onProgress = silent, signal }: ShimBuild): Promise<string> {
  if (!VERSIONS.includes(version))
    throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `No shim ${version}; there are ${VERSIONS.join(' and ')}.`);
  const program = PROGRAMS[api];
  if (program === undefined) throw new FaultError('KDR_FAULTS_BAD_ARGUMENT', `No shim API ${String(api)}; there are runc-v1 and v1.`);
  const directory = await buildGoProgram(
    {
      source: join(import.meta.dirname, 'shims', version),
      goPackage: `github.com/containerd/containerd/cmd/${program}`,
      program,
      go,
      signal,
      alsoHash: version + (api === 'runc-v1' ? readFileSync(START_SCRIPT, 'utf8') : ''),
      finish: api === 'runc-v1' ? (made) => layStartScript(made, program) : undefined,
    },
    onProgress,
  );
  return join(directory, program);
}

function layStartScript(directory: string, program: string): void {
  mkdirSync(join(directory, 'real'));
  renameSync(join(directory, program), join(directory, 'real', program));
  copyFileSync(START_SCRIPT, join(directory, program));
  chmodSync(join(directory, program), 0o755);
}
