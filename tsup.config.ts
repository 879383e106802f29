// One build for every package: what stands in src/ decides what is built.
// what package.json exports are library entries with types; main.ts and kdr-*.ts are programs.
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'tsup';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; exports?: Record<string, unknown> };
const libraries = Object.keys(manifest.exports ?? {})
  .filter((key) => key !== './package.json')
  .map((key) => `src/${key === '.' ? 'index' : key.slice(2)}.ts`);

const programs = readdirSync('src')
  .filter((name) => /^(main|kdr-.*)\.ts$/.test(name))
  .map((name) => `src/${name}`);

// tsup would strip `node:`, and `node:sqlite` has no other name.
const output = { format: 'esm', target: 'node22', platform: 'node', sourcemap: true, silent: true, removeNodeProtocol: false } as const;

const begun = Date.now();
/** Chunks are named by their content: those of an older build go, so that they are not published. */
async function removeOlder(): Promise<void> {
  for (const path of readdirSync('dist').map((name) => join('dist', name)))
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? begun) < begun) rmSync(path, { recursive: true, force: true });
}
const shared = { ...output, onSuccess: removeOlder };

// One file instead of a thousand: the programs start in half the time, and an image needs nothing else. Native code (koffi) can't be bundled.
const bundled = ['@kdr/agent', '@kdr/master', '@kdr/bundle', '@kdr/cli'].includes(manifest.name)
  ? {
      noExternal: [/^(?!koffi)/],
      splitting: false,
      // Libraries in CommonJS ask for Node's own modules by require().
      banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
      minifySyntax: true,
    }
  : {};

export default defineConfig([
  ...(libraries.length > 0 ? [{ ...shared, entry: libraries, dts: true }] : []),
  ...(programs.length > 0 ? [{ ...shared, ...bundled, entry: programs, dts: false }] : []),
]);
