import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packedProgram } from './packed-program.ts';

/** What a run of helm gave. */
export interface HelmResult {
  code: number;
  stdout: string;
  stderr: string;
}

const TIMEOUT_MS = 300_000;

/**
 * The path of a real helm 4.1, unpacked once into the cache.
 * @throws Error on another platform than x86-64 Linux.
 */
export function helmPath(): string {
  return packedProgram('helm');
}

/** Runs helm with a kubeconfig file, keeping its caches and settings beside that file. Never longer than five minutes. */
export async function helm(kubeconfig: string, args: readonly string[], { input = '' } = {}): Promise<HelmResult> {
  const home = join(dirname(kubeconfig), 'helm');
  mkdirSync(home, { recursive: true });
  const { exitCode, stdout, stderr } = await execa(helmPath(), args, {
    input,
    env: { KUBECONFIG: kubeconfig, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    reject: false,
  });
  return { code: exitCode ?? 1, stdout, stderr };
}
