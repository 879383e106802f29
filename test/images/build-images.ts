import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { OWN_ARCHITECTURE, writeImageContext } from '../../scripts/image-context.ts';
import { type OnProgress, silent } from '../faults/progress.ts';
import { requireRoot } from '../faults/root-rights.ts';
import { type NeededPackage, ensurePackages } from '../faults/runtime-packages.ts';
import { makeBaseImage } from './base-image.ts';
import { withBuildah } from './buildah.ts';
import { imageCache } from './cache-directory.ts';
import { withWorkDirectory } from './work-directory.ts';

/** An image under the name that a pod may give, and the archive that holds it. */
export interface BuiltImage {
  readonly name: string;
  /** As `docker save` writes it: layers uncompressed, which `ctr images import` and `docker load` read. */
  readonly archive: string;
}

/** The three images of KDR. */
export type Images = Readonly<Record<'master' | 'agent' | 'plugins', BuiltImage>>;

const TARGETS = ['master', 'agent', 'plugins'] as const;
const PACKAGES: readonly NeededPackage[] = [
  { name: 'mmdebstrap', program: 'mmdebstrap', why: 'makes the base image from Debian packages' },
  { name: 'buildah', program: 'buildah', why: 'builds the Dockerfile without a daemon or a registry' },
];
const DOCKERFILE = join(import.meta.dirname, '..', '..', 'Dockerfile');
const BUILD_TIMEOUT_MS = 300_000;
const PUSH_TIMEOUT_MS = 180_000;
/** An image set is 600 MB. More than one is kept: another run may be using the last. */
const KEPT_SETS = 3;

/** Installs what building takes. @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_NO_APT, KDR_FAULTS_INSTALL_FAILED */
export async function ensureImageTools(onProgress: OnProgress): Promise<void> {
  requireRoot('build images');
  await ensurePackages(PACKAGES, { onProgress });
}

/**
 * Builds the images from the programs that `npm run build` left, with the Dockerfile that users build with, on a base made here. Without
 * a change it takes them from the cache. Needs root; installs mmdebstrap and buildah from Debian where they are missing.
 * @throws Error that names a program which was not built; FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_NO_APT, KDR_FAULTS_INSTALL_FAILED,
 * KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_BUILD_FAILED
 */
export async function buildImages(onProgress: OnProgress = silent): Promise<Images> {
  await ensureImageTools(onProgress);
  const base = await makeBaseImage(onProgress);
  return withWorkDirectory(imageCache(), async (work) => {
    const context = join(work, 'context');
    writeImageContext(context, [OWN_ARCHITECTURE]);
    const final = join(imageCache(), `set-${hashOf(context, base)}`);
    if (!existsSync(final)) {
      await build(work, context, base, onProgress);
      publish(join(work, 'set'), final);
    }
    utimesSync(final, new Date(), new Date());
    forgetOldSets();
    return imagesIn(final);
  });
}

async function build(work: string, context: string, base: string, onProgress: OnProgress): Promise<void> {
  const started = performance.now();
  const set = join(work, 'set');
  for (const directory of [set, join(work, 'buildah')]) mkdirSync(directory);
  await withBuildah(join(work, 'buildah'), async (buildah) => {
    for (const target of TARGETS) {
      onProgress(`Building the image kdr-${target}`);
      const { name, archive } = imagesIn(set)[target];
      const from = `oci-archive:${base}`;
      const values = { BASE: from, PLUGINS_BASE: from, PROGRAMS: 'prebuilt', TARGETARCH: OWN_ARCHITECTURE, VERSION: 'test' };
      const args = Object.entries(values).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
      // The same contents give the same image.
      const options = ['--isolation', 'chroot', '--timestamp', '0', '--file', DOCKERFILE, '--target', target, '--tag', name];
      await buildah.run(`build kdr-${target}`, ['bud', ...options, ...args, context], BUILD_TIMEOUT_MS);
      await buildah.run(`write kdr-${target}`, ['push', name, `docker-archive:${archive}:${name}`], PUSH_TIMEOUT_MS);
    }
  });
  onProgress(`Built ${TARGETS.length} images in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function imagesIn(directory: string): Images {
  const image = (target: (typeof TARGETS)[number]) => ({
    name: `localhost/kdr-${target}:test`,
    archive: join(directory, `kdr-${target}.tar`),
  });
  return { master: image('master'), agent: image('agent'), plugins: image('plugins') };
}

function hashOf(context: string, base: string): string {
  const hash = createHash('sha256').update(basename(base)).update(readFileSync(DOCKERFILE));
  const files = readdirSync(context, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).sort())
    hash.update(`\0${file.slice(context.length)}\0`).update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

/** Another process may have published the same set meanwhile: then that one stays. */
function publish(made: string, final: string): void {
  try {
    renameSync(made, final);
  } catch (error) {
    if (!existsSync(final)) throw error;
  }
}

function forgetOldSets(): void {
  const sets = readdirSync(imageCache())
    .filter((name) => name.startsWith('set-'))
    .map((name) => join(imageCache(), name))
    .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  for (const old of sets.slice(KEPT_SETS)) rmSync(old, { recursive: true, force: true });
}
