import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { writeOciArchive } from '../cluster/oci-archive.ts';
import { FaultError } from '../faults/fault-error.ts';
import type { OnProgress } from '../faults/progress.ts';
import { imageCache } from './cache-directory.ts';
import { debianSources } from './debian-sources.ts';
import { withWorkDirectory } from './work-directory.ts';

/** What Node needs, what the shim diagnoser calls (timeout, strace), and no shell: nothing here calls one. */
const PACKAGES = ['base-files', 'netbase', 'ca-certificates', 'libc6', 'libstdc++6', 'libatomic1', 'coreutils', 'strace'];
/** What a running image has no use for; devices come from the runtime. */
const UNUSED = [
  'etc/apt',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/lintian',
  'var/lib/dpkg',
  'var/lib/apt',
];
const EMPTIED = ['dev', 'var/cache', 'var/log'];
/** Change it when the recipe below changes in another way. */
const RECIPE = 1;
const MMDEBSTRAP_TIMEOUT_MS = 300_000;

/**
 * Makes the base that stands in for the Dockerfile's `node:26-bookworm-slim` where there is no registry: Debian's packages and the Node of
 * this checkout. Kept in the cache, by its recipe.
 * @returns an archive in OCI layout.
 * @throws FaultError KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_BUILD_FAILED
 */
export async function makeBaseImage(onProgress: OnProgress): Promise<string> {
  const { suite, files } = debianSources();
  const node = nodePackage();
  const recipe = JSON.stringify([RECIPE, PACKAGES, UNUSED, EMPTIED, suite, node.version]);
  const file = join(
    imageCache(),
    `base-${suite}-node-${node.version}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}.tar`,
  );
  if (existsSync(file)) return file;
  onProgress(`Making the base image of ${suite} and Node ${node.version} (once; about 20 s)`);
  await withWorkDirectory(imageCache(), async (work) => {
    const rootfs = join(work, 'rootfs');
    await installPackages(rootfs, suite, files, work);
    for (const path of UNUSED) rmSync(join(rootfs, path), { recursive: true, force: true });
    for (const path of EMPTIED) for (const name of readdirSync(join(rootfs, path))) rmSync(join(rootfs, path, name), { recursive: true });
    mkdirSync(join(rootfs, 'usr/local/bin'), { recursive: true });
    copyFileSync(node.file, join(rootfs, 'usr/local/bin/node'));
    await writeOciArchive(file, { name: 'localhost/kdr-base:test', rootfs, path: '/usr/local/bin:/usr/bin:/bin', command: ['node'] });
  });
  return file;
}

async function installPackages(rootfs: string, suite: string, sources: readonly string[], work: string): Promise<void> {
  const options = ['--mode=root', '--format=directory', '--variant=extract', `--include=${PACKAGES.join(',')}`];
  const result = await execa('mmdebstrap', [...options, suite, rootfs, ...sources], {
    env: { TMPDIR: work },
    timeout: MMDEBSTRAP_TIMEOUT_MS,
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  if (result.failed)
    throw new FaultError(
      'KDR_FAULTS_BUILD_FAILED',
      `mmdebstrap made no base image: ${(result.all ?? result.shortMessage ?? '').slice(-2000)}`,
    );
}

/** The Node that the checkout's scripts run on, from its npm package. */
function nodePackage(): { version: string; file: string } {
  const manifest = createRequire(join(import.meta.dirname, '..', '..', 'package.json')).resolve(`node-linux-${process.arch}/package.json`);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { version, file: join(dirname(manifest), 'bin', 'node') };
}
