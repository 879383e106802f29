import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Abnormal, API_VERSION, RESOURCES, type Registration } from '@kdr/api-types';
import { type Platform, startPlatform } from '../demo/platform.ts';

/** `kdr up` without the reference plugins, and one process of no-op plugins instead. */
export interface BenchPlatform extends Platform {
  stop(): Promise<void>;
}

const NOOP = [
  ['Diagnoser', 'noop-diagnoser'],
  ['Recoverer', 'noop-recoverer'],
] as const;

/** Starts it, registers the no-op plugins with enough concurrency, lets the policy grant at once, and waits until both are ready. */
export async function startBenchPlatform(): Promise<BenchPlatform> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-bench-'));
  const platform = await startPlatform(directory, { KDR_LOG_LEVEL: 'error' }, ['--no-bundle']);
  const sockets = join(directory, 'run', 'plugins');
  const plugins = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'noop-plugins.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, KDR_PLUGIN_DIR: sockets },
  });
  const { client } = platform;
  await until('the no-op plugins listen', () => Promise.resolve(NOOP.every(([, name]) => existsSync(join(sockets, `${name}.sock`)))));
  const spec = {
    mode: 'Auto',
    intrusiveDiagnosis: 'Allow',
    soakSeconds: 0,
    coolDownSeconds: 0,
    loopBreaker: { attempts: 1_000_000, windowSeconds: 3600 },
    match: { faults: ['BenchNoop'] },
  };
  await client.create(RESOURCES.RecoveryPolicy, { apiVersion: API_VERSION, kind: 'RecoveryPolicy', metadata: { name: 'bench' }, spec });
  for (const [kind, name] of NOOP) {
    await until(`${name} is registered`, async () =>
      (await client.list<Registration>(RESOURCES[kind])).items.some((item) => item.metadata.name === name),
    );
    await client.patch(RESOURCES[kind], { name }, { spec: { concurrency: 64 } }, { type: 'merge' });
    await until(
      `${name} is ready`,
      async () => (await client.get<Registration>(RESOURCES[kind], { name })).status?.conditions?.[0]?.status === 'True',
    );
  }
  return {
    ...platform,
    stop: async () => {
      await endChild(plugins);
      await platform.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Ends a child that we started. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(hard);
}

/** Waits for a condition of the set-up; a benchmark that can't start says what it waited for. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** One Abnormal for the no-op plugins, with a target of its own. */
export function noopAbnormal(name: string, nodeName: string): Abnormal {
  return {
    apiVersion: API_VERSION,
    kind: 'Abnormal',
    metadata: { name, namespace: 'default' },
    spec: { source: 'Custom', fault: 'BenchNoop', nodeName, containerReference: { runtime: 'containerd', id: name } },
  };
}
