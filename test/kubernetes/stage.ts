import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Abnormal, RESOURCES, isTerminal } from '@kdr/api-types';
import { type ApiClient, createApiClient } from '@kdr/controller-runtime';
import { type Cluster, startCluster } from '../cluster/index.ts';
import { type RunResult, runKdr } from '../e2e/scene.ts';
import { type Images, buildImages } from '../images/build-images.ts';
import { type HelmResult, helm } from '../tools/helm.ts';
import { adminAccess } from './admin-access.ts';

/** A real two-node cluster with KDR's images on it, and the chart as users get it. */
export interface Stage {
  cluster: Cluster;
  /** As administrator. */
  client: ApiClient;
  images: Images;
  /** The packed chart. */
  chart: string;
  helm(...args: string[]): Promise<HelmResult>;
  /** Installs the release `kdr` in kdr-system with these values on top of the test's, and waits until `kdr check` is content. */
  install(values?: object): Promise<void>;
  /** Runs the built `kdr` as administrator. */
  kdr(...args: string[]): Promise<RunResult>;
  get(namespace: string, name: string): Promise<Abnormal>;
  /** Abnormals of all namespaces. */
  abnormals(): Promise<Abnormal[]>;
  /** Waits until there is an Abnormal about a pod of that name that is as wanted. */
  about(pod: string, wanted?: (abnormal: Abnormal) => boolean, milliseconds?: number): Promise<Abnormal>;
  /** Says yes, as an administrator by `kdr approve`, to what is proposed about a pod of that name; waits for the proposal. */
  approve(pod: string): Promise<void>;
  /** For messages: the last lines of KDR's pods. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

export const RELEASE = 'kdr';
export const NAMESPACE = 'kdr-system';
/** The folder of the chart. */
export const CHART = join(import.meta.dirname, '..', '..', 'charts', 'kdr');
const say = (text: string) => console.log(text);

/** What every installation of a test sets: the images that were just built, and sources that do not wait long. */
export function testValues(images: Images): object {
  const image = (name: string) => {
    const [repository, tag] = name.split(':');
    return { image: { repository, tag } };
  };
  return {
    image: { pullPolicy: 'Never' },
    master: image(images.master.name),
    agent: image(images.agent.name),
    plugins: image(images.plugins.name),
    // The recoverer wants 15 s past the deadline.
    sources: { 'pod-terminating': { slackSeconds: 18 } },
  };
}

/** Starts the cluster and brings the images to its nodes; `close` leaves nothing. */
export async function openStage(options: Parameters<typeof startCluster>[0] = {}): Promise<Stage> {
  const images = await buildImages(say);
  const directory = mkdtempSync(join(tmpdir(), 'kdr-kubernetes-'));
  const cluster = await startCluster({ nodes: 2, onProgress: say, ...options });
  const client = createApiClient({ ...adminAccess(cluster.kubeconfig), userAgent: 'kdr-test' });
  const close = async () => {
    await client.close();
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (const { archive } of Object.values(images)) await cluster.importImage(archive);
    const packed = await helm(cluster.kubeconfig, ['package', CHART, '--destination', directory]);
    const chart = /saved it to: (\S+)/.exec(packed.stdout)?.[1];
    if (chart === undefined) throw new Error(`the chart could not be packed: ${packed.stderr}`);
    return stageOf({ cluster, client, images, chart, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function stageOf(parts: Pick<Stage, 'cluster' | 'client' | 'images' | 'chart' | 'close'>): Stage {
  const { cluster, client, images, chart } = parts;
  const env = { KUBECONFIG: cluster.kubeconfig };
  const stage: Stage = {
    ...parts,
    helm: (...args) => helm(cluster.kubeconfig, args),
    install: async (values = {}) => {
      const files = [testValues(images), values].flatMap((value) => ['--set-json', flat(value)]);
      const installed = await stage.helm('install', RELEASE, chart, '--namespace', NAMESPACE, '--create-namespace', ...files);
      if (installed.code !== 0) throw new Error(`helm install failed: ${installed.stderr}`);
      const check = await stage.kdr('check', '--wait=120s');
      if (check.code !== 0) throw new Error(`not everything came up:\n${check.stdout}\n${check.stderr}\n${await podsOf(cluster)}`);
    },
    kdr: (...args) => runKdr(args, env),
    approve: async (pod) => {
      const { metadata } = await stage.about(pod, ({ status }) => status?.recovery?.proposal !== undefined);
      const { code, stderr } = await stage.kdr('approve', metadata.name, '-n', metadata.namespace ?? '', '--reason', 'a test');
      if (code !== 0) throw new Error(`the approval about ${pod} was not taken: ${stderr}`);
    },
    logs: async () => {
      const all = ['logs', '--prefix', '--all-containers', '--tail=40', '-l', 'app.kubernetes.io/name=kdr'];
      return `${await podsOf(cluster)}\n${await cluster.kubectl('-n', NAMESPACE, ...all)}`;
    },
    get: (namespace, name) => client.get<Abnormal>(RESOURCES.Abnormal, { namespace, name }),
    abnormals: async () => (await client.list<Abnormal>(RESOURCES.Abnormal)).items,
    about: async (pod, wanted = () => true, milliseconds = 90_000) => {
      for (const end = Date.now() + milliseconds; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
        const found = (await stage.abnormals()).filter(({ spec }) => spec.podReference?.name === pod);
        const right = found.find(wanted);
        if (right !== undefined) return right;
        if (Date.now() > end) throw new Error(`no Abnormal about ${pod} got there: ${JSON.stringify(found, undefined, 2)}`);
      }
    },
  };
  return stage;
}

/** `a={…},b={…}` as helm's --set-json takes it. */
function flat(values: object): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',');
}

/** For messages: what the pods of the release say. */
async function podsOf(cluster: Cluster): Promise<string> {
  const pods = await cluster.kubectl('-n', NAMESPACE, 'get', 'pods', '-o', 'wide');
  const events = await cluster.kubectl('-n', NAMESPACE, 'get', 'events', '--sort-by=.lastTimestamp');
  return `${pods}\n${events.split('\n').slice(-20).join('\n')}`;
}

/** Waits for the end. */
export const finished = ({ status }: Abnormal) => isTerminal(status?.phase);
