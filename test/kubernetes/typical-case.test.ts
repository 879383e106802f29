import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, countSignals } from '../faults/index.ts';
import { type RunningPod, beginDeletion, deadlockedPod, goesAway, lives, startPod } from './pods.ts';
import { type Stage, finished, openStage } from './stage.ts';

let stage: Stage;
let signals: SignalCount;

beforeAll(async () => {
  stage = await openStage();
  await stage.install();
  signals = await countSignals({ directory: stage.cluster.directory, signal: 'SIGKILL' });
}, 1_800_000);
afterAll(async () => {
  await signals?.stop().catch(() => undefined);
  await stage?.close();
}, 120_000);

describe('a pod whose shim is deadlocked is stuck in Terminating', { timeout: 240_000 }, () => {
  let pod: RunningPod;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ pod, stop } = await deadlockedPod(stage.cluster, { name: 'stuck', node: 'node-2' }));
    await beginDeletion(stage.cluster, pod.name);
  }, 240_000);
  afterAll(() => stop?.());

  it('is diagnosed on its node, from the stacks, and waits for a person', async () => {
    const waiting = await stage.about(pod.name, ({ status }) => status?.recovery?.proposal !== undefined);
    expect(waiting).toMatchObject({
      spec: { source: 'Custom', fault: 'PodStuckTerminating', nodeName: 'node-2', podReference: { uid: pod.uid } },
      status: {
        phase: 'Recovering',
        diagnosis: { diagnoser: 'containerd-shim-deadlock', cause: 'ContainerdShimReaperDeadlock', confidence: 'high' },
        recovery: { proposal: { recoverer: 'containerd-shim-kill' } },
      },
    });
    expect(JSON.stringify(waiting.status?.diagnosis?.evidence)).toContain('reaper');
    expect(lives(pod.shim)).toBe(true);
  });

  it('is repaired once approved: the shim is killed once, the Pod goes away, and it is verified', async () => {
    const { metadata } = await stage.about(pod.name);
    const approved = await stage.kdr('approve', metadata.name, '-n', metadata.namespace ?? '', '--reason', 'a test');
    expect(approved.code, approved.stderr).toBe(0);
    const { status } = await stage.about(pod.name, finished);
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered', recovery: { attempts: [{ outcome: 'Acted' }] } });
    expect(await goesAway(stage.cluster, pod.name, 30_000)).toBe(true);
    expect(lives(pod.shim)).toBe(false);
  });

  it('says so in Events on the Pod and on the Abnormal', async () => {
    const events = await stage.cluster.kubectl(
      'get',
      'events',
      '-A',
      '-o',
      'jsonpath={range .items[*]}{.involvedObject.kind} {.reason}{"\\n"}{end}',
    );
    expect(events.split('\n')).toEqual(expect.arrayContaining(['Pod Recovered', 'Abnormal Recovered']));
  });

  it('is nothing to the other node’s agent', async () => {
    const { status } = await stage.about(pod.name);
    expect(JSON.stringify(status)).not.toContain('node-1');
    expect(await stage.cluster.kubectl('-n', 'kdr-system', 'logs', 'daemonset/kdr-agent', '-c', 'agent')).toBeDefined();
  });
});

describe('a Terminating pod that is not deadlocked', { timeout: 240_000 }, () => {
  it.each([
    ['has a slow preStop', { preStop: ['sleep', '60'], grace: 90 }],
    ['is held by a finalizer', { finalizers: ['example.com/hold'] }],
    ['has its grace still', { grace: 120, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] }],
  ])('%s: no repair', async (_what, plan) => {
    const name = `calm-${Object.keys(plan).sort().join('-').toLowerCase()}`;
    const pod = await startPod(stage.cluster, { name, node: 'node-1', ...plan });
    await beginDeletion(stage.cluster, name);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    const found = (await stage.abnormals()).filter(({ spec }) => spec.podReference?.name === name);
    expect(found.filter(({ status }) => status?.recovery?.proposal !== undefined || status?.recovery?.attempts?.length)).toEqual([]);
    expect(pod.uid).not.toBe('');
    await stage.cluster.kubectl('patch', 'pod', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}').catch(() => '');
    await stage.cluster.kubectl('delete', 'pod', name, '--force', '--grace-period=0').catch(() => '');
  });
});

describe('a pod whose shim was stopped by SIGSTOP', { timeout: 240_000 }, () => {
  it('is not called deadlocked, and nothing is killed', async () => {
    const pod = await startPod(stage.cluster, { name: 'stopped', node: 'node-1' });
    process.kill(pod.shim.pid, 'SIGSTOP');
    try {
      await beginDeletion(stage.cluster, pod.name);
      const { status } = await stage.about(pod.name, finished);
      expect(status).toMatchObject({ phase: 'Failed', reason: 'NotIdentified' });
      const attempt = status?.diagnosisAttempts?.find(({ diagnoser }) => diagnoser === 'containerd-shim-deadlock');
      expect(attempt?.reason).toMatch(/stopped|state T/);
      expect(lives(pod.shim)).toBe(true);
    } finally {
      process.kill(pod.shim.pid, 'SIGCONT');
    }
    expect(await goesAway(stage.cluster, pod.name, 60_000)).toBe(true);
  });
});

it('every SIGKILL to a shim of these pods came once, from the recoverer', async () => {
  const seen = await signals.stop();
  const { status } = await stage.about('stuck').catch(() => stage.about('stuck-2'));
  expect(status?.recovery?.attempts).toHaveLength(1);
  expect(seen.filter(({ senderComm }) => senderComm.startsWith('node'))).toHaveLength(1);
}, 60_000);
