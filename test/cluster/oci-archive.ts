import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** What an image of one layer is made of. */
export interface ImagePlan {
  /** Full name with tag, such as `localhost/pause:1`. */
  readonly name: string;
  /** Directory whose contents become the root filesystem, owned by root. */
  readonly rootfs: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  /** Where its programs are looked for; default `/bin`. */
  readonly path?: string;
}

const TAR_TIMEOUT_MS = 60_000;
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Writes an image as an archive in OCI layout (image-spec v1), which `ctr images import` reads. The file appears by one rename. */
export async function writeOciArchive(file: string, plan: ImagePlan): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const work = mkdtempSync(join(dirname(file), '.image-'));
  try {
    const layout = join(work, 'layout');
    const blobs = join(layout, 'blobs', 'sha256');
    mkdirSync(blobs, { recursive: true });
    const layerFile = join(work, 'layer.tar');
    await tar(layerFile, plan.rootfs);
    const add = (mediaType: string, bytes: Buffer) => {
      const hash = createHash('sha256').update(bytes).digest('hex');
      writeFileSync(join(blobs, hash), bytes);
      return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
    };
    const json = (value: unknown) => Buffer.from(JSON.stringify(value));
    const layer = add(LAYER, readFileSync(layerFile));
    const config = add(CONFIG, json(imageConfig(plan, layer.digest)));
    const manifest = add(MANIFEST, json({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }));
    const annotations = { 'io.containerd.image.name': plan.name, 'org.opencontainers.image.ref.name': plan.name };
    writeFileSync(join(layout, 'index.json'), json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
    writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    const made = join(work, 'image.tar');
    await tar(made, layout);
    renameSync(made, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function imageConfig({ entrypoint, command, user, path = '/bin' }: ImagePlan, layer: string): unknown {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      Env: [`PATH=${path}`],
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(command && { Cmd: command }),
      ...(user && { User: user }),
    },
    rootfs: { type: 'layers', diff_ids: [layer] },
  };
}

/** The same contents give the same bytes. */
async function tar(file: string, directory: string): Promise<void> {
  const steady = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  await execa('tar', [...steady, '--create', '--file', file, '--directory', directory, '.'], { timeout: TAR_TIMEOUT_MS, stdin: 'ignore' });
}
