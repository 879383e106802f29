import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plugin as containerCollector } from '@kdr/collector-container';
import { plugin as shimDeadlock } from '@kdr/diagnoser-containerd-shim-deadlock';
import { createProcfs, processIdentity, waitForExit } from '@kdr/linux';
import type { Diagnosis, TargetIdentity } from '@kdr/plugin-sdk';
import { plugin as shimKill } from '@kdr/recoverer-containerd-shim-kill';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containerd, ensureRuntime, startContainerd } from '../faults/index.ts';
import { collect, diagnose, startRecoverer } from './plugins-on-this-node.ts';

const procfs = createProcfs();
const pod = { namespace: 'default', name: 'web-0', uid: '11111111-2222-3333-4444-555555555555' };
let containerd: Containerd;

/** Two containers with the annotations of the CRI plugin, by which the runc.v2 shim of a pod is shared (containerd: manager_linux.go, groupLabels). */
beforeAll(async () => {
  await ensureRuntime();
  containerd = await startContainerd();
  const annotations = { 'sandbox-id': 'web', 'sandbox-uid': pod.uid, 'sandbox-namespace': pod.namespace, 'sandbox-name': pod.name };
  for (const [id, type] of [
    ['web', 'sandbox'],
    ['app', 'container'],
  ] as const) {
    const all = Object.entries({ ...annotations, 'container-type': type }).flatMap(([key, value]) => [
      '--annotation',
      `io.kubernetes.cri.${key}=${value}`,
    ]);
    const flags = ['--detach', '--null-io', '--fifo-dir', containerd.fifos, '--rootfs', '--runtime', 'io.containerd.runc.v2', ...all];
    await containerd.ctr(['run', ...flags, containerd.rootfs, id, '/bin/sleep', '1000000'], 30_000);
  }
}, 120_000);
afterAll(() => containerd?.stop(), 60_000);

const initOf = (id: string) =>
  Number(readFileSync(join(containerd.state, 'io.containerd.runtime.v2.task', containerd.namespace, id, 'init.pid'), 'utf8'));
const shimPid = () => procfs.stat(initOf('app'))?.ppid ?? 0;
const targetOf = (more: Partial<TargetIdentity>): TargetIdentity => ({
  kind: 'Process',
  process: processIdentity(procfs, shimPid()),
  ...more,
});
const planFor = async (more: Partial<TargetIdentity>, parameters = {}) => {
  const target = targetOf(more);
  const recoverer = await startRecoverer(shimKill, { cause: 'ContainerdShimReaperDeadlock', target } as Diagnosis);
  try {
    return await recoverer.ask('Plan', { parameters });
  } finally {
    await recoverer.close();
  }
};

test('the collector finds by the pod’s uid, by an id and by a process all that its one shim serves', { timeout: 60_000 }, async () => {
  const nothing = { processReference: undefined, podReference: undefined };
  const byPod = await collect(containerCollector, { ...nothing, podReference: pod });
  const byId = await collect(containerCollector, {
    ...nothing,
    containerReference: { runtime: 'containerd', namespace: containerd.namespace, id: 'app' },
  });
  const byProcess = await collect(containerCollector, { ...nothing, processReference: { pid: initOf('app') } });
  for (const found of [byPod, byId, byProcess]) {
    expect(found).toMatchObject({
      shimCount: 1,
      shims: [
        {
          ...{ identity: { pid: shimPid() }, api: 'v2', state: 'S', namespace: containerd.namespace, bundleDeleted: false, childCount: 0 },
          daemon: { identity: { pid: containerd.pid }, state: 'S', stderr: containerd.log, readsLog: true },
          tasks: [
            { id: 'web', init: 'Running', sandbox: true, sandboxId: 'web', pod, initIdentity: { pid: initOf('web') } },
            { id: 'app', init: 'Running', sandbox: false, sandboxId: 'web', pod, initIdentity: { pid: initOf('app') } },
          ],
        },
      ],
    });
  }
});

test('a shim that serves a pod is not killed for one of its containers', { timeout: 60_000 }, async () => {
  const one = { container: { runtime: 'containerd', namespace: containerd.namespace, id: 'web' } };
  expect(await planFor(one, { allowRunning: true })).toMatchObject({
    ...{ outcome: 'NotApplicable', reason: expect.stringContaining('also serves container app') },
  });
  expect(await planFor({ pod: { ...pod, uid: 'another' } }, { allowRunning: true })).toMatchObject({ outcome: 'NotApplicable' });
  expect(await planFor({ pod })).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('is not known to have ended') });
  expect(await planFor({ pod }, { allowRunning: true })).toMatchObject({
    ...{ outcome: 'Planned', actions: [{ action: 'KillShim', requires: ['KillRunningContainer'] }] },
  });
});

test('it is not killed while one of the pod’s containers runs', { timeout: 60_000 }, async () => {
  const init = processIdentity(procfs, initOf('web'))!;
  process.kill(init.pid, 'SIGKILL');
  await waitForExit(procfs, init, 5000);
  expect(await planFor({ pod })).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('container app is not known') });
});

test('a pod is diagnosed through its shim, also where no containerd is left to read the shim’s log', { timeout: 60_000 }, async () => {
  const spec = { fault: 'PodStuckTerminating', processReference: undefined, podReference: pod };
  const healthy = { outcome: 'NotIdentified', reason: expect.stringMatching(/loop .* alive|fixed version/i) };
  expect(await diagnose(shimDeadlock, spec)).toMatchObject(healthy);
  const daemon = processIdentity(procfs, containerd.pid)!;
  process.kill(daemon.pid, 'SIGKILL');
  await waitForExit(procfs, daemon, 5000);
  expect(await diagnose(shimDeadlock, spec, { parameters: { trace: false } })).toMatchObject(healthy);
});
