import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  type Abnormal,
  type AbnormalSpec,
  API_VERSION,
  RESOURCES,
  type RecoveryPolicySpec,
  type Registration,
  isTerminal,
} from '@kdr/api-types';
import { type ApiClient, type KubernetesObject, createApiClient, nodeType } from '@kdr/controller-runtime';
import { parse } from 'yaml';
import { KDR, type Platform, startPlatform } from '../demo/platform.ts';
import { observeEverything } from '../demo/policies.ts';
import { type KubectlResult, kubectl } from '../tools/kubectl.ts';

/** What a run of a program gave. */
export type RunResult = KubectlResult;

/** One `kdr up` in a directory of its own, which touches nothing on this machine that a test did not make. */
export interface Scene {
  directory: string;
  /** The running one; another one after `restart`. */
  platform: Platform;
  /** As the person whose kubeconfig it is. */
  readonly client: ApiClient;
  node: string;
  /** Runs `kdr …` against it. */
  kdr(args: string[], stdin?: string): Promise<RunResult>;
  /** Runs the real kubectl against it; an object goes to its standard input. */
  k(args: string[], manifest?: object): Promise<KubectlResult>;
  /** Creates a Custom Abnormal on this node. */
  report(name: string, spec: Partial<AbnormalSpec>): Promise<Abnormal>;
  get(name: string): Promise<Abnormal>;
  /** Waits until an Abnormal is as wanted, and gives it. */
  until(name: string, wanted: (abnormal: Abnormal) => boolean, milliseconds?: number): Promise<Abnormal>;
  /** Waits until it is Succeeded or Failed. */
  end(name: string): Promise<Abnormal>;
  /** A policy for one process: no cool-down, no loop breaker, a short soak. */
  allow(pid: number, spec?: Partial<RecoveryPolicySpec>): Promise<void>;
  /** kill -9 of `kdr up`, if it still runs, and a new one on the same directory. */
  restart(): Promise<void>;
  /** A client with the token of one of the platform's identities: what a program that has stolen it could do. */
  as(identity: 'master' | 'agent' | 'source' | 'user'): ApiClient;
  close(): Promise<void>;
}

const PATIENCE_MS = 90_000;

/** Starts it. The source of unreaped children is told to wait a day: other zombies of this machine are none of a test's business. */
export async function openScene(flags: string[] = []): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-e2e-'));
  const start = () => startPlatform(directory, { KDR_UNREAPED_SECONDS: '86400' }, flags);
  let platform: Platform | undefined;
  try {
    platform = await start();
    await observeEverything(platform.client);
    if (!flags.includes('--no-bundle')) await pluginsReady(platform.client);
    return await sceneOf(directory, platform, start);
  } catch (error) {
    await platform?.stop();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Waits until every reference plugin is registered and found ready: before that an Abnormal is not for them. */
async function pluginsReady(client: ApiClient): Promise<void> {
  const kinds = [RESOURCES.InformationCollector, RESOURCES.Diagnoser, RESOURCES.Recoverer];
  for (const end = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const items = (await Promise.all(kinds.map((kind) => client.list<Registration>(kind)))).flatMap((list) => list.items);
    const ready = items.filter(({ status }) => status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'));
    if (ready.length >= 7 && ready.length === items.length) return;
    if (Date.now() > end) throw new Error(`not every plugin is ready: ${JSON.stringify(items.map(({ status }) => status))}`);
  }
}

async function sceneOf(directory: string, first: Platform, start: () => Promise<Platform>): Promise<Scene> {
  const { items } = await first.client.list<KubernetesObject>(nodeType);
  const node = items[0]?.metadata?.name ?? '';
  const where = (name: string) => ({ namespace: 'default', name });
  const strangers: ApiClient[] = [];
  const scene: Scene = {
    directory,
    platform: first,
    get client() {
      return scene.platform.client;
    },
    node,
    kdr: (args, stdin = '') => runKdr(args, { KUBECONFIG: scene.platform.kubeconfig, KDR_STATE_DIR: directory }, stdin),
    k: (args, manifest) => kubectl(scene.platform.kubeconfig, args, manifest === undefined ? '' : JSON.stringify(manifest)),
    report: (name, spec) =>
      scene.client.create<Abnormal>(RESOURCES.Abnormal, {
        apiVersion: API_VERSION,
        kind: 'Abnormal',
        metadata: where(name),
        spec: { source: 'Custom', fault: 'UnreapedChildren', nodeName: node, ...spec },
      }),
    get: (name) => scene.client.get<Abnormal>(RESOURCES.Abnormal, where(name)),
    until: async (name, wanted, milliseconds = PATIENCE_MS) => {
      const deadline = Date.now() + milliseconds;
      for (;;) {
        const abnormal = await scene.get(name);
        if (wanted(abnormal)) return abnormal;
        if (Date.now() > deadline) throw new Error(`${name} did not get there: ${JSON.stringify(abnormal.status, undefined, 2)}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    },
    end: (name) => scene.until(name, ({ status }) => isTerminal(status?.phase)),
    allow: async (pid, spec) => {
      await scene.client.create(RESOURCES.RecoveryPolicy, {
        apiVersion: API_VERSION,
        kind: 'RecoveryPolicy',
        metadata: { name: `pid-${pid}` },
        spec: {
          match: { expression: `has(spec.processReference) && spec.processReference.pid == ${pid}` },
          mode: 'Auto',
          soakSeconds: 1,
          coolDownSeconds: 0,
          loopBreaker: { attempts: 1000, windowSeconds: 3600 },
          ...spec,
        },
      });
    },
    restart: async () => {
      scene.platform.process.kill('SIGKILL');
      await scene.platform.stop();
      scene.platform = await start();
    },
    as: (identity) => {
      const { clusters } = parse(readFileSync(scene.platform.kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] };
      const tokens = JSON.parse(readFileSync(join(directory, 'tokens.json'), 'utf8')) as Record<string, string>;
      const client = createApiClient({
        server: clusters[0]?.cluster.server ?? '',
        ca: readFileSync(join(directory, 'ca.crt'), 'utf8'),
        token: tokens[identity],
      });
      strangers.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(strangers.map((client) => client.close()));
      await scene.platform.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return scene;
}

/** Runs the built `kdr`, never longer than 130 s: more than it is told to wait itself. */
export async function runKdr(args: string[], env: Record<string, string>, stdin = ''): Promise<RunResult> {
  const child = spawn(process.execPath, [KDR, ...args], { env: { ...process.env, ...env }, timeout: 130_000 });
  child.stdin.on('error', () => undefined).end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode ?? 1, stdout, stderr };
}
