import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { requireProgram } from '../faults/program-path.ts';
import type { OnProgress } from '../faults/progress.ts';
import { fillRootfs } from '../faults/rootfs.ts';
import { readClusterConfig } from './config.ts';
import { PAUSE_IMAGE } from './node-files.ts';
import { writeOciArchive } from './oci-archive.ts';

/** An image of 2 MB with a static busybox (sh, sleep, true, wget, nslookup, …), on every node. */
export const TEST_IMAGE = 'localhost/kdr-test:1';

/** Makes the images that every node has, or takes them from the cache; returns the archives. */
export async function makeImages(pause: string, onProgress: OnProgress): Promise<string[]> {
  return [await makePauseImage(pause, onProgress), await makeTestImage(onProgress)];
}

/** The program's directory in the cache is named by its recipe, and so is the image. */
function makePauseImage(pause: string, onProgress: OnProgress): Promise<string> {
  return cached(`image-${basename(dirname(pause))}`, onProgress, async (rootfs, file) => {
    copyFileSync(pause, join(rootfs, 'pause'));
    await writeOciArchive(file, { name: PAUSE_IMAGE, rootfs, entrypoint: ['/pause'], user: '65535:65535' });
  });
}

async function makeTestImage(onProgress: OnProgress): Promise<string> {
  const busybox = requireProgram('busybox');
  const { stdout } = await execa(busybox, ['--list'], { timeout: 10_000, stdin: 'ignore' });
  const version =
    (await execa(busybox, ['--help'], { timeout: 10_000, stdin: 'ignore' })).stdout.match(/BusyBox v([\w.]+)/)?.[1] ?? 'unknown';
  return cached(`image-kdr-test-1-busybox-${version}`, onProgress, async (rootfs, file) => {
    fillRootfs(rootfs);
    const bin = join(rootfs, 'bin');
    for (const applet of stdout.split('\n')) if (!existsSync(join(bin, applet))) symlinkSync('busybox', join(bin, applet));
    await writeOciArchive(file, { name: TEST_IMAGE, rootfs, command: ['/bin/sh'] });
  });
}

async function cached(name: string, onProgress: OnProgress, make: (rootfs: string, file: string) => Promise<void>): Promise<string> {
  const { cacheDirectory } = readClusterConfig();
  const file = join(cacheDirectory, `${name}.tar`);
  if (existsSync(file)) return file;
  onProgress(`Making the image ${name}`);
  mkdirSync(cacheDirectory, { recursive: true });
  const rootfs = mkdtempSync(join(cacheDirectory, '.rootfs-'));
  try {
    await make(rootfs, file);
  } finally {
    rmSync(rootfs, { recursive: true, force: true });
  }
  return file;
}
