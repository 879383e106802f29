import { type Abnormal, API_VERSION, RESOURCES } from '@kdr/api-types';
import { type Lease, leaseType } from '@kdr/controller-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, countSignals } from '../faults/index.ts';
import { type ProcessIdentity, isAlive, readStat } from '../faults/proc.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { footprints } from './memory.ts';
import { type RunningPod, beginDeletion, deadlockedPod, goesAway, lives } from './pods.ts';
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
const granted = ({ status }: Abnormal) => status?.recovery?.grant?.decision === 'Granted';
const waits = ({ status }: Abnormal) => status?.recovery?.grant?.decision === 'Waiting' || status?.reason === 'ApprovalRequired';

/** A pod on node-2, stuck in Terminating behind a deadlocked shim. */
async function stuckPod(name: string): Promise<RunningPod> {
  const { pod, stop } = await deadlockedPod(stage.cluster, { name, node: 'node-2' });
  await beginDeletion(stage.cluster, pod.name);
  await stop();
  repaired.push(pod);
  return pod;
}

/** The agent's pod of node-2 is ended at once, as by an eviction that does not wait; the DaemonSet makes another. */
async function endAgent(): Promise<void> {
  const which = ['-n', NAMESPACE, '-l', 'app.kubernetes.io/component=agent', '--field-selector=spec.nodeName=node-2'];
  await kubectl('delete', 'pod', ...which, '--grace-period=0', '--force', '--wait=false');
}

/** The same by the eviction API, with the time that a pod gets to stop. Waits until the agent has ended. */
async function evictAgent(): Promise<void> {
  const which = ['-n', NAMESPACE, '-l', 'app.kubernetes.io/component=agent', '--field-selector=spec.nodeName=node-2'];
  const name = await kubectl('get', 'pod', ...which, '-o', 'jsonpath={.items[0].metadata.name}');
  const agent = running('kdr-agent');
  const pods = { group: '', version: 'v1', kind: 'Pod', plural: `pods/${name}/eviction`, namespaced: true };
  await stage.client.create(pods, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace: NAMESPACE, name } });
  expect(await becomesTrue(() => !isAlive(agent), 45_000, 20)).toBe(true);
}

/** Creates now what pod-terminating would a second or two later, so that it is known when the agent begins; the source finds it, and makes no other. */
async function reportOverdue({ name, uid }: RunningPod): Promise<void> {
  await stage.client.create(RESOURCES.Abnormal, {
    ...{ apiVersion: API_VERSION, kind: 'Abnormal' },
    metadata: { namespace: 'default', name, labels: { 'kdr.dev/terminating-pod': uid } },
    spec: { source: 'Custom', fault: 'PodStuckTerminating', nodeName: 'node-2', podReference: { namespace: 'default', name, uid } },
  });
}

/** Waits until a Terminating pod is past its deadline for as long as the recoverer wants, 15 s, and not yet for as long as the source, 18 s. */
async function overdue({ name }: RunningPod): Promise<void> {
  const deadline = Date.parse(await kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.deletionTimestamp}'));
  await new Promise((resolve) => setTimeout(resolve, deadline + 16_000 - Date.now()));
}

const approved = (pod: RunningPod): Promise<boolean> =>
  stage.approve(pod.name).then(
    () => true,
    () => false,
  );

/** A program of KDR that runs on node-2. */
function running(program: string): ProcessIdentity {
  const pid = footprints(stage.cluster.node('node-2').cgroupRoot).find((one) => one.program === program)?.pid;
  const identity = pid === undefined ? undefined : readStat(pid);
  if (identity === undefined) throw new Error(`${program} does not run on node-2`);
  return identity;
}

/** Stops the plugins of node-2, so that no collector, diagnoser or recoverer answers there, until the work is done. */
async function withoutPlugins(work: () => Promise<void>): Promise<void> {
  const identity = running('kdr-plugins node');
  process.kill(identity.pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    // It may have gone with its pod.
    if (isAlive(identity)) process.kill(identity.pid, 'SIGCONT');
  }
}

/** Ends the agent's process there as the kernel would for want of memory; the kubelet starts the container again. */
function killAgent(): void {
  process.kill(running('kdr-agent').pid, 'SIGKILL');
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
  it('the agent is evicted while it collects, killed while it diagnoses, and its pod ended while it waits', async () => {
    const pod = await stuckPod('evicted');
    await overdue(pod);
    await withoutPlugins(async () => {
      await reportOverdue(pod);
      await stage.about(pod.name, ({ status }) => status?.phase === 'InformationCollecting');
      await evictAgent();
      expect((await stage.about(pod.name)).status?.phase).toBe('InformationCollecting');
    });
    await stage.about(pod.name, ({ status }) => status?.phase === 'Diagnosing', 120_000);
    killAgent();
    expect((await stage.about(pod.name)).status?.phase).toBe('Diagnosing');
    await stage.about(pod.name, waits, 120_000);
    expect((await stage.abnormals()).filter(({ spec }) => spec.podReference?.uid === pod.uid)).toHaveLength(1);
    await endAgent();
    await stage.approve(pod.name);
    await succeeds(pod);
  });

  it('the agent is killed when it is to act, and after it has acted', async () => {
    const pod = await stuckPod('killed');
    await stage.about(pod.name, waits, 120_000);
    await withoutPlugins(async () => {
      await stage.approve(pod.name);
      await stage.about(pod.name, granted, 60_000);
      killAgent();
      const { status } = await stage.about(pod.name);
      expect(status).toMatchObject({ phase: 'Recovering' });
      expect(status?.recovery?.attempts ?? []).toEqual([]);
      expect(lives(pod.shim)).toBe(true);
    });
    await stage.about(pod.name, ({ status }) => status?.recovery?.attempts?.[0]?.outcome === 'Acted', 120_000);
    killAgent();
    expect((await stage.about(pod.name)).status?.phase).toBe('Recovering');
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
    // One that was removed at once has no valid token any more: for as long as API servers still ask it, it refuses, and says to try again.
    expect(await becomesTrue(() => approved(pod), 30_000, 1_000)).toBe(true);
    await succeeds(pod);
    const now = await stage.client.get<Lease>(leaseType, { namespace: NAMESPACE, name: 'kdr-master' });
    expect(now.spec?.holderIdentity?.startsWith(leader)).toBe(false);
  });

  it('the API server is away for a minute, from the approval on', async () => {
    const pod = await stuckPod('cut-off');
    await stage.about(pod.name, waits, 120_000);
    await withoutPlugins(async () => {
      await stage.approve(pod.name);
      await stage.about(pod.name, granted, 60_000);
      await stage.cluster.apiServer.stop();
      expect(lives(pod.shim)).toBe(true);
    });
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const backAt = Date.now();
    await stage.cluster.apiServer.start();
    const { status } = await succeeds(pod);
    expect(Date.parse(status?.completionTime ?? '')).toBeGreaterThan(backAt - 1000);
  });
});

it('each of these shims got one SIGKILL from KDR', async () => {
  const shims = repaired.map(({ shim }) => shim.pid);
  const sent = (await signals.stop()).filter(({ pid }) => shims.includes(pid));
  expect(sent.map(({ pid }) => pid).sort()).toEqual([...shims].sort());
  expect(sent.filter(({ senderComm }) => !senderComm.startsWith('node'))).toEqual([]);
  expect(repaired).toHaveLength(4);
}, 60_000);
