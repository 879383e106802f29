// pnpm images [--base]: builds the images (or the base alone) on this machine, and prints the archives' paths.
import { parseArgs } from 'node:util';
import { ensureImageTools, buildImages } from './build-images.ts';
import { makeBaseImage } from './base-image.ts';

const { values } = parseArgs({ options: { base: { type: 'boolean', default: false } } });
const onProgress = (text: string) => console.error(text);
try {
  if (values.base) {
    await ensureImageTools(onProgress);
    console.log(await makeBaseImage(onProgress));
  } else for (const { name, archive } of Object.values(await buildImages(onProgress))) console.log(`${name} ${archive}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
