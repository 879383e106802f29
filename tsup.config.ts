// One build for every package: what stands in src/ decides what is built.
// index.ts, testing.ts … are library entries with types; main.ts is a program.
import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports?: Record<string, unknown> };
const libraries = Object.keys(manifest.exports ?? {})
  .filter((key) => key !== './package.json')
  .map((key) => `src/${key === '.' ? 'index' : key.slice(2)}.ts`);

export default defineConfig([
  ...(libraries.length > 0
    ? [{ entry: libraries, format: 'esm' as const, target: 'node22', platform: 'node' as const, dts: true, sourcemap: true, silent: true }]
    : []),
  ...(existsSync('src/main.ts')
    ? [{ entry: ['src/main.ts'], format: 'esm' as const, target: 'node22', platform: 'node' as const, dts: false, sourcemap: true, silent: true }]
    : []),
]);
