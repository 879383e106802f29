import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const TAR_TIMEOUT_MS = 60_000;

/** What is in an archive of `docker save`'s format. */
export interface ImageContents {
  /** The image's configuration (OCI image-spec, config.md). */
  readonly config: ImageConfig;
  /** From the base upwards. */
  readonly layers: readonly ImageLayer[];
}

export interface ImageConfig {
  readonly architecture: string;
  readonly config: {
    readonly User?: string;
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>>;
  };
}

export interface ImageLayer {
  /** Its tar file. */
  readonly file: string;
  readonly bytes: number;
  /** Paths without the leading slash; folders end with one. */
  readonly paths: readonly string[];
}

/** Unpacks an archive into `directory`: its layers, and in `rootfs` what a container would see. */
export async function unpackImage(archive: string, directory: string): Promise<ImageContents> {
  const rootfs = join(directory, 'rootfs');
  mkdirSync(rootfs, { recursive: true });
  await tar('--extract', '--file', archive, '--directory', directory);
  const read = (file: string) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as unknown;
  const [manifest] = read('manifest.json') as { Config: string; Layers: string[] }[];
  if (manifest === undefined) throw new Error(`${archive} holds no image`);
  const layers: ImageLayer[] = [];
  for (const file of manifest.Layers.map((name) => join(directory, name))) {
    await tar('--extract', '--file', file, '--directory', rootfs);
    const { stdout } = await tar('--list', '--file', file);
    layers.push({ file, bytes: statSync(file).size, paths: stdout.split('\n').map((path) => path.replace(/^\.?\//, '')) });
  }
  return { config: read(manifest.Config) as ImageConfig, layers };
}

function tar(...args: string[]) {
  return execa('tar', args, { timeout: TAR_TIMEOUT_MS, stdin: 'ignore' });
}
