import { API_VERSION, RESOURCES } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SignalCount, countSignals } from '../faults/index.ts';
import { becomesTrue } from '../faults/waiting.ts';
import { type PodPlan, type RunningPod, beginDeletion, deadlockedPod, goesAway, lives, startPod } from './pods.ts';
import { agentsAbout, grantedRights, usedRights } from './rights.ts';
import { type Stage, finished, openStage } from './stage.ts';

let stage: Stage;
let signals: SignalCount;
/** The one whose shim is really deadlocked. */
let pod: RunningPod;
/** Those of every pod here. */
const shims: number[] = [];

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
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ pod, stop } = await deadlockedPod(stage.cluster, { name: 'stuck', node: 'node-2' }));
    shims.push(pod.shim.pid);
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

  it('is not shown to who names another pod with its uid', async () => {
    const name = 'foreign-uid';
    await stage.client.create(RESOURCES.Abnormal, {
      ...{ apiVersion: API_VERSION, kind: 'Abnormal', metadata: { namespace: 'default', name } },
      spec: {
        ...{ source: 'Custom', fault: 'PodStuckTerminating', nodeName: 'node-2', informationCollectors: [{ name: 'container' }] },
        podReference: { namespace: 'default', name: 'own', uid: pod.uid },
      },
    });
    const abnormal = await stage.about('own', finished);
    expect(abnormal.status?.phase).toBe('Failed');
    for (const secret of [pod.name, pod.containerId, String(pod.shim.pid)])
      expect(JSON.stringify(abnormal.status)).not.toContain(`"${secret}"`);
    expect(JSON.stringify(abnormal.status)).toContain('no containerd shim serves pod default/own');
    expect(lives(pod.shim)).toBe(true);
  });

  it('is repaired once approved: the shim is killed once, the Pod goes away, and it is verified', async () => {
    await stage.approve(pod.name);
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
    const { metadata, status } = await stage.about(pod.name);
    expect(JSON.stringify(status)).not.toContain('node-1');
    expect(agentsAbout(stage.cluster, metadata.name)).toEqual(['node-2']);
  });
});

describe('a Terminating pod that is not deadlocked', { timeout: 240_000 }, () => {
  const calm: [string, Partial<PodPlan>][] = [
    ['slow-prestop', { preStop: ['sleep', '60'], grace: 90 }],
    ['finalizer', { finalizers: ['example.com/hold'] }],
    ['in-grace', { grace: 120, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done'] }],
  ];
  beforeAll(async () => {
    for (const [name, plan] of calm) {
      shims.push((await startPod(stage.cluster, { name, node: 'node-1', ...plan })).shim.pid);
      await beginDeletion(stage.cluster, name);
    }
    // Longer than the source waits.
    await new Promise((resolve) => setTimeout(resolve, 40_000));
  }, 120_000);
  afterAll(async () => {
    for (const [name] of calm) {
      await stage.cluster.kubectl('patch', 'pod', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}').catch(() => '');
      await stage.cluster.kubectl('delete', 'pod', name, '--force', '--grace-period=0').catch(() => '');
    }
  });
  const aboutIt = async (name: string) => (await stage.abnormals()).filter(({ spec }) => spec.podReference?.name === name);

  it.each(['slow-prestop', 'in-grace'])('is reported only when its grace is over (%s)', async (name) => {
    expect(await aboutIt(name)).toEqual([]);
  });

  it('is reported and not repaired where a finalizer holds it', async () => {
    const { status } = await stage.about('finalizer', finished);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NotIdentified' });
    expect(status?.recovery).toBeUndefined();
  });
});

describe('a pod whose shim was stopped by SIGSTOP', { timeout: 240_000 }, () => {
  it('is not called deadlocked, and nothing is killed', async () => {
    const stopped = await startPod(stage.cluster, { name: 'stopped', node: 'node-1' });
    shims.push(stopped.shim.pid);
    process.kill(stopped.shim.pid, 'SIGSTOP');
    try {
      await beginDeletion(stage.cluster, stopped.name);
      const { status } = await stage.about(stopped.name, finished);
      expect(status).toMatchObject({ phase: 'Failed', reason: 'NotIdentified' });
      const attempt = status?.diagnosisAttempts?.find(({ diagnoser }) => diagnoser === 'containerd-shim-deadlock');
      expect(attempt?.reason).toMatch(/stopped|state T/);
      expect(lives(stopped.shim)).toBe(true);
    } finally {
      process.kill(stopped.shim.pid, 'SIGCONT');
    }
    expect(await goesAway(stage.cluster, stopped.name, 60_000)).toBe(true);
  });
});

it('one SIGKILL went to that shim, and KDR sent no other', async () => {
  const { status } = await stage.about(pod.name);
  expect(status?.recovery?.attempts).toHaveLength(1);
  const sent = (await signals.stop()).filter(({ pid, senderPid }) => senderPid !== process.pid && shims.includes(pid));
  expect(sent.map(({ pid }) => pid)).toEqual([pod.shim.pid]);
}, 60_000);

describe('the roles', { timeout: 120_000 }, () => {
  /** What the file did not need, with what does. */
  const SELDOM: Record<string, string[]> = {
    'kdr-master': [
      'patch /events', // the same Event again
      'get kdr.dev/abnormals', // the webhook, about an approval that its cache does not know yet
      'patch kdr.dev/diagnosers', // the certificate authority of one behind a Service, see outsider.test.ts
      'patch kdr.dev/recoverers',
    ],
    'kdr-agent': [
      'patch /events',
      'create kdr.dev/abnormals', // the node’s sources
    ],
    'kdr-cluster-plugins': [],
    'kdr-cluster-sources': [],
  };
  const abnormal = (name: string, spec: object) =>
    JSON.stringify({
      apiVersion: 'kdr.dev/v1alpha1',
      kind: 'Abnormal',
      metadata: { name, namespace: 'default' },
      spec: { source: 'Custom', fault: 'Probe', podReference: { namespace: 'default', name: 'looked-at' }, ...spec },
    });

  beforeAll(async () => {
    // What the rest of the file has not asked for: binding by the pod, another one's rights, plugins that no cache knows, an end by age.
    await startPod(stage.cluster, { name: 'looked-at', node: 'node-1' });
    await stage.cluster.apply(abnormal('unbound', { ttlSecondsAfterFinished: 1 }));
    for (const plugins of [{ informationCollectors: [{ name: 'nowhere' }] }, { diagnosers: ['nowhere'] }, { recoverers: ['nowhere'] }])
      await expect(stage.cluster.apply(abnormal('unknown', plugins))).rejects.toThrow('nowhere');
    expect(await becomesTrue(async () => !(await stage.abnormals()).some(({ metadata }) => metadata.name === 'unbound'), 60_000)).toBe(
      true,
    );
  }, 120_000);

  it.each(Object.entries(SELDOM))('of %s give what it uses, and no more', async (account, seldom) => {
    const granted = await grantedRights(stage.cluster, 'kdr-system', account);
    const { used, refused } = usedRights(stage.cluster, 'kdr-system', account);
    expect([...refused]).toEqual([]);
    expect([...used].filter((right) => !granted.has(right))).toEqual([]);
    expect([...granted].filter((right) => !used.has(right) && !seldom.includes(right))).toEqual([]);
  });
});
