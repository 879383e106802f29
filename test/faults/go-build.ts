import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { readFaultsConfig } from './config.ts';
import { FaultError } from './fault-error.ts';
import { requireProgram } from './program-path.ts';
import type { OnProgress } from './progress.ts';

/** One program to build from a folder under shims/. */
export interface GoRecipe {
  /** Folder with go.mod, go.sum and Go files. */
  readonly source: string;
  /** Go package to build; the file gets the package's last path element, or `program` where given, as its name. */
  readonly goPackage: string;
  readonly program: string;
  /** A Go toolchain to use instead of the installed one, such as `1.13.15`; the go command (1.21 or later) fetches it once as a module. */
  readonly go?: string;
  /** Called with the build directory before it is published, to lay files beside the program. Its inputs belong into `alsoHash`. */
  readonly finish?: (directory: string) => void;
  readonly alsoHash?: string;
  /** Flags of the linker, such as `-s -w`; default none. */
  readonly ldflags?: string;
  /** How long it may take on a slow machine, milliseconds; default five minutes. */
  readonly timeoutMs?: number;
  /** What to expect, for people; default "about half a minute". */
  readonly usually?: string;
  /** Folder of the cache; default that of the faults. */
  readonly cacheDirectory?: string;
  /** Ends the compiler; what it had begun is removed. */
  readonly signal?: AbortSignal;
}

const BUILD_TIMEOUT_MS = 300_000;
const SIGN_OF_LIFE_MS = 10_000;

/**
 * Builds a Go program once and keeps it in the cache. The key names program, Go version and a hash of the recipe; a build appears there by one
 * rename, so an interrupted one leaves nothing half.
 * @returns the absolute directory that holds the program.
 * @throws FaultError KDR_FAULTS_MISSING_PROGRAM, KDR_FAULTS_BUILD_FAILED
 */
export async function buildGoProgram(recipe: GoRecipe, onProgress: OnProgress): Promise<string> {
  const go = requireProgram('go');
  const version = recipe.go === undefined ? await installedGoVersion(go) : `go${recipe.go}`;
  const { cacheDirectory = readFaultsConfig().cacheDirectory, usually = 'about half a minute' } = recipe;
  const final = join(cacheDirectory, `${recipe.program}-${version}-${hashOf(recipe)}`);
  if (existsSync(final)) return final;

  onProgress(`Building ${recipe.program} with ${version} (once; ${usually} the first time)`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const lives = setInterval(() => onProgress(`Still building ${recipe.program}: ${seconds().toFixed(0)} s of ${usually}`), SIGN_OF_LIFE_MS);
  mkdirSync(cacheDirectory, { recursive: true });
  const work = mkdtempSync(join(cacheDirectory, '.building-'));
  try {
    await compile(recipe, go, work);
    const made = join(work, 'made');
    recipe.finish?.(made);
    publish(made, final);
  } finally {
    clearInterval(lives);
    rmSync(work, { recursive: true, force: true });
  }
  onProgress(`Built ${recipe.program} in ${seconds().toFixed(1)} s`);
  return final;
}

async function compile(recipe: GoRecipe, go: string, work: string): Promise<void> {
  const source = join(work, 'source');
  cpSync(recipe.source, source, { recursive: true });
  const flags = ['-trimpath', ...(recipe.ldflags === undefined ? [] : ['-ldflags', recipe.ldflags])];
  const result = await execa(go, ['build', ...flags, '-o', join(work, 'made', recipe.program), recipe.goPackage], {
    cwd: source,
    // go.sum is committed and complete: nothing is asked of the checksum database but for the toolchain itself. The caller's GOFLAGS would
    // be refused by an old toolchain; GOOS and GOARCH would make a program that does not run here.
    env: {
      GOFLAGS: '-mod=readonly',
      GOTOOLCHAIN: recipe.go === undefined ? 'local' : `go${recipe.go}`,
      GOWORK: 'off',
      GO111MODULE: 'on',
      CGO_ENABLED: '0',
      GOOS: 'linux',
      GOARCH: goArchitecture(),
    },
    timeout: recipe.timeoutMs ?? BUILD_TIMEOUT_MS,
    cancelSignal: recipe.signal,
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  if (!result.failed) return;
  throw new FaultError(
    'KDR_FAULTS_BUILD_FAILED',
    `Building ${recipe.program} (${recipe.goPackage}${recipe.go === undefined ? '' : `, go${recipe.go}`}) failed: ` +
      `${(result.all ?? result.shortMessage ?? '').slice(-2000)}. The build needs the Go module proxy (go env GOPROXY).`,
  );
}

/** Another process may have published the same build meanwhile: then that one stays. */
function publish(made: string, final: string): void {
  try {
    renameSync(made, final);
  } catch (error) {
    if (!existsSync(final)) throw error;
  }
}

async function installedGoVersion(go: string): Promise<string> {
  const { stdout } = await execa(go, ['env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local' }, timeout: 30_000, stdin: 'ignore' });
  if (/^go[\w.+-]+$/.test(stdout)) return stdout;
  throw new FaultError('KDR_FAULTS_BUILD_FAILED', `"go env GOVERSION" answered ${JSON.stringify(stdout)}; Go 1.16 or later is needed.`);
}

function goArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function hashOf(recipe: GoRecipe): string {
  const hash = createHash('sha256').update(`${recipe.goPackage}\0${recipe.ldflags ?? ''}\0${recipe.alsoHash ?? ''}\0`);
  for (const name of readdirSync(recipe.source).sort()) hash.update(`${name}\0`).update(readFileSync(join(recipe.source, name)));
  return hash.digest('hex').slice(0, 12);
}
