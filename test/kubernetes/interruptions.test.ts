import type { Abnormal } from '@kdr/api-types';
import { type Lease, leaseType } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, countSignals } from '../faults/index.ts';
import { footprints } from './memory.ts';
import { type RunningPod, beginDeletion, deadlockedPod, goesAway } from './pods.ts';
import { NAMESPACE, type Stage, finished, openStage } from './stage.ts';

let stage: Stage;
let signals: SignalCount;
const repaired: RunningPod[] = [];

beforeAll(async () => {
  stage = await openStage();
  await stage.install();
  signals = await countSignals({ directory: stage.cluster.directory, signal: 'SIGKILL' });
}, 1_800_000);
afterAll(async () => {
  await signals?.stop().catch(() => undefined);
  await stage?.close();
}, 120_000);

const kubectl = (...args: string[]) => stage.cluster.kubectl(...args);
const waits = ({ status }: Abnormal) => status?.recovery?.grant?.decision === 'Waiting' || status?.reason === 'ApprovalRequired';

/** A pod on node-2, stuck in Terminating behind a deadlocked shim. */
async function stuckPod(name: string): Promise<RunningPod> {
  const { pod, stop } = await deadlockedPod(stage.cluster, { name, node: 'node-2' });
  await beginDeletion(stage.cluster, pod.name);
  await stop();
  repaired.push(pod);
  return pod;
}

async function approve(pod: RunningPod): Promise<void> {
  const { metadata } = await stage.about(pod.name, ({ status }) => status?.recovery?.proposal !== undefined);
  const { code, stderr } = await stage.kdr('approve', metadata.name, '-n', metadata.namespace ?? '', '--reason', 'a test');
  expect(code, stderr).toBe(0);
}

/** The agent's pod of node-2 is ended at once, as by an eviction that does not wait; the DaemonSet makes another. */
async function endAgent(): Promise<void> {
  const which = ['-n', NAMESPACE, '-l', 'app.kubernetes.io/component=agent', '--field-selector=spec.nodeName=node-2'];
  await kubectl('delete', 'pod', ...which, '--grace-period=0', '--force', '--wait=false');
}

/** The same by the eviction API, with the time that a pod gets to stop. */
async function evictAgent(): Promise<void> {
  const which = ['-n', NAMESPACE, '-l', 'app.kubernetes.io/component=agent', '--field-selector=spec.nodeName=node-2'];
  const name = await kubectl('get', 'pod', ...which, '-o', 'jsonpath={.items[0].metadata.name}');
  const pods = { group: '', version: 'v1', kind: 'Pod', plural: `pods/${name}/eviction`, namespaced: true };
  await stage.client.create(pods, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace: NAMESPACE, name } });
  await kubectl('-n', NAMESPACE, 'wait', '--for=delete', `pod/${name}`, '--timeout=60s');
}

/** Stops the process of the cluster's plugins, so that nobody gets an answer from it, until the work is done. */
async function withoutClusterPlugins(work: () => Promise<void>): Promise<void> {
  const found = ['node-1', 'node-2'].flatMap((node) => footprints(stage.cluster.node(node).cgroupRoot));
  const pid = found.find(({ program }) => program === 'kdr-plugins cluster')?.pid;
  if (pid === undefined) throw new Error('the plugins of the cluster do not run');
  process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function succeeds(pod: RunningPod): Promise<Abnormal> {
  const abnormal = await stage.about(pod.name, finished, 180_000);
  if (abnormal.status?.phase !== 'Succeeded') console.log(await stage.logs());
  expect(abnormal.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
  expect(abnormal.status?.recovery?.attempts).toHaveLength(1);
  expect(await goesAway(stage.cluster, pod.name, 60_000)).toBe(true);
  return abnormal;
}

describe('a repair goes on, with one effect, when', { timeout: 420_000 }, () => {
  it('the agent’s pod is ended while it collects, while it diagnoses, while it waits, and when it is to act', async () => {
    const pod = await stuckPod('evicted');
    await withoutClusterPlugins(async () => {
      await stage.about(pod.name, ({ status }) => status?.phase === 'InformationCollecting');
      await evictAgent();
      expect((await stage.about(pod.name)).status?.phase).toBe('InformationCollecting');
    });
    await stage.about(pod.name, ({ status }) => status?.phase === 'Diagnosing', 120_000);
    await endAgent();
    await stage.about(pod.name, ({ status }) => status?.recovery?.proposal !== undefined, 120_000);
    await endAgent();
    await approve(pod);
    await stage.about(pod.name, ({ status }) => status?.recovery?.grant?.decision === 'Granted', 120_000);
    await endAgent();
    await succeeds(pod);
  });

  it('the leader of the masters is ended while it waits for an approval', async () => {
    const pod = await stuckPod('leaderless');
    await stage.about(pod.name, waits, 120_000);
    const lease = await stage.client.get<Lease>(leaseType, { namespace: NAMESPACE, name: 'kdr-master' });
    const names = (
      await kubectl('-n', NAMESPACE, 'get', 'pods', '-l', 'app.kubernetes.io/component=master', '-o', 'jsonpath={.items[*].metadata.name}')
    ).split(' ');
    const leader = names.find((name) => lease.spec?.holderIdentity?.startsWith(name)) ?? '';
    await kubectl('-n', NAMESPACE, 'delete', 'pod', leader, '--grace-period=0', '--force', '--wait=false');
    await approve(pod);
    await succeeds(pod);
    const now = await stage.client.get<Lease>(leaseType, { namespace: NAMESPACE, name: 'kdr-master' });
    expect(now.spec?.holderIdentity?.startsWith(leader)).toBe(false);
  });

  it('the API server is away for a minute, from the approval on', async () => {
    const pod = await stuckPod('cut-off');
    await approve(pod);
    await stage.cluster.apiServer.stop();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await stage.cluster.apiServer.start();
    await succeeds(pod);
  });
});

it('each of these shims got one SIGKILL from KDR', async () => {
  const shims = repaired.map(({ shim }) => shim.pid);
  const sent = (await signals.stop()).filter(({ pid }) => shims.includes(pid));
  expect(sent.map(({ pid }) => pid).sort()).toEqual([...shims].sort());
  expect(sent.filter(({ senderComm }) => !senderComm.startsWith('node'))).toEqual([]);
  expect(repaired).toHaveLength(3);
}, 60_000);
