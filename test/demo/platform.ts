import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '@kdr/controller-runtime';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..');
/** The command that `npm run build` leaves. */
export const KDR = join(root, 'packages', 'cli', 'bin', 'kdr.js');

/** A running `kdr up`. */
export interface Platform {
  client: ApiClient;
  kubeconfig: string;
  stateDirectory: string;
  log: string;
  process: ChildProcess;
  /** Runs `kdr …` against it and gives its output. */
  kdr(args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts `kdr up` as anybody would, on a state directory of its own, and waits until it says that it is up. */
export async function startPlatform(stateDirectory: string, env: Record<string, string>, flags: string[] = []): Promise<Platform> {
  const log = join(stateDirectory, 'kdr.log');
  const child = spawn(process.execPath, [KDR, 'up', '--state-dir', stateDirectory, '--port', '0', ...flags], {
    stdio: ['pipe', 'pipe', openSync(log, 'a')],
    // The pipe is our life sign: after a kill -9 of ours it ends, and with it kdr.
    env: { ...process.env, KDR_LOG_LEVEL: 'info', KDR_PARENT_PIPE: '1', ...env },
    // Its own session: Ctrl-C reaches the demo alone, which ends things in the right order.
    detached: true,
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const deadline = Date.now() + 30_000;
  while (!output.includes('kdr is up')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`kdr up did not come up:\n${output}${readFileSync(log, 'utf8').slice(-4000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const kubeconfig = join(stateDirectory, 'kubeconfig');
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { token: string } }[];
  };
  const cluster = clusters[0]?.cluster;
  const client = createApiClient({
    server: cluster?.server ?? '',
    ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString(),
    token: users[0]?.user.token,
  });
  return {
    client,
    kubeconfig,
    stateDirectory,
    log,
    process: child,
    kdr: async (args) => {
      const run = spawn(process.execPath, [KDR, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, KUBECONFIG: kubeconfig },
      });
      let text = '';
      for (const stream of [run.stdout, run.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
      await once(run, 'close');
      return text.trimEnd();
    },
    stop: async () => {
      await client.close();
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(hard);
    },
  };
}
