import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeBaseImage } from '../images/base-image.ts';
import { type BuiltImage, ensureImageTools } from '../images/build-images.ts';
import { withBuildah } from '../images/buildah.ts';
import { imageCache } from '../images/cache-directory.ts';
import { withWorkDirectory } from '../images/work-directory.ts';

const TIMEOUT_MS = 180_000;

/**
 * Builds the image of a plugin by the Dockerfile in its context, on the base that stands in for the Dockerfile's own where there is no registry.
 * @param name under which a pod names it
 * @param archive the file to write
 * @throws FaultError KDR_FAULTS_NOT_ROOT, KDR_FAULTS_NO_APT, KDR_FAULTS_INSTALL_FAILED, KDR_FAULTS_UNSUPPORTED, KDR_FAULTS_BUILD_FAILED
 */
export async function buildPluginImage(context: string, name: string, archive: string): Promise<BuiltImage> {
  const say = (text: string) => console.log(text);
  await ensureImageTools(say);
  const base = await makeBaseImage(say);
  await withWorkDirectory(imageCache(), async (work) => {
    const storage = join(work, 'buildah');
    mkdirSync(storage);
    await withBuildah(storage, async (buildah) => {
      const options = ['--isolation', 'chroot', '--build-arg', `BASE=oci-archive:${base}`, '--tag', name];
      await buildah.run(`build ${name}`, ['bud', ...options, context], TIMEOUT_MS);
      await buildah.run(`write ${name}`, ['push', name, `docker-archive:${archive}:${name}`], TIMEOUT_MS);
    });
  });
  return { name, archive };
}
