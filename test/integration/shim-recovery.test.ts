import { existsSync } from 'node:fs';
import type { Diagnosis } from '@kdr/api-types';
import { createProcfs, processIdentity } from '@kdr/linux';
import { plugin as shimDeadlock } from '@kdr/diagnoser-containerd-shim-deadlock';
import { plugin as unreapedChildren } from '@kdr/diagnoser-unreaped-children';
import { plugin as shimKill } from '@kdr/recoverer-containerd-shim-kill';
import { plugin as processKill } from '@kdr/recoverer-process-kill';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Containerd,
  type DeadlockedShim,
  buildShim,
  countSignals,
  deadlockShim,
  endInit,
  ensureRuntime,
  removeContainer,
  reusePid,
  startContainerd,
  startNonReapingParent,
  startShimContainer,
} from '../faults/index.ts';
import { type Spec, diagnose, diagnosisOf, startRecoverer } from './plugins-on-this-node.ts';

let containerd: Containerd;
beforeAll(async () => {
  await ensureRuntime();
  containerd = await startContainerd();
}, 300_000);
afterAll(() => containerd?.stop(), 60_000);

const isAlive = (pid: number) => existsSync(`/proc/${pid}/exe`);
const about = (pid: number): Spec => ({ fault: 'UnreapedChildren', processReference: { pid } });
const killsOf = (pid: number, name: string) => countSignals({ pid, signal: 'SIGKILL', directory: `${containerd.directory}/${name}` });

describe('containerd-shim-kill', () => {
  let made: DeadlockedShim;
  let diagnosis: Diagnosis;
  beforeAll(async () => {
    const shim = await buildShim({ version: 'v1.2.0', api: 'runc-v1' });
    made = await deadlockShim(await startShimContainer(containerd, { id: 'victim', shim }));
    await made.stop();
    diagnosis = diagnosisOf(await diagnose(shimDeadlock, about(made.container.shimPid)));
  }, 240_000);

  test('does not kill a deadlocked shim whose container still serves, unless that is permitted', { timeout: 60_000 }, async () => {
    const recoverer = await startRecoverer(shimKill, diagnosis);
    const { initPid, shimPid } = made.container;
    const refused = { outcome: 'NotApplicable', reason: expect.stringContaining(`its init ${initPid} (sleep) runs`) };
    expect(await recoverer.ask('Plan')).toMatchObject(refused);
    expect(await recoverer.ask('Act', { attemptId: 'r1' })).toMatchObject(refused);
    expect(await recoverer.ask('Plan', { parameters: { allowRunning: true } })).toMatchObject({
      ...{ outcome: 'Planned', actions: [{ action: 'KillShim', requires: ['KillRunningContainer'] }] },
    });
    // Whatever an Abnormal or an old diagnosis says: a shim of another container is not the target's.
    const other: Diagnosis = { ...diagnosis, target: { ...diagnosis.target, container: { runtime: 'containerd', id: 'other' } } };
    const misled = await startRecoverer(shimKill, other);
    expect(await misled.ask('Plan', { parameters: { allowRunning: true } })).toMatchObject({
      ...{ outcome: 'NotApplicable', reason: expect.stringContaining('does not belong to the target') },
    });
    expect(isAlive(shimPid)).toBe(true);
    expect(isAlive(initPid)).toBe(true);
    await misled.close();
    await recoverer.close();
  });

  test('kills it once when its container has ended, and containerd cleans up; others are untouched', { timeout: 120_000 }, async () => {
    const { container } = made;
    const bystander = await startShimContainer(containerd, { id: 'bystander' });
    await endInit(container);
    const recoverer = await startRecoverer(shimKill, diagnosis);
    const plan = await recoverer.ask('Plan');
    expect(plan).toMatchObject({ outcome: 'Planned', actions: [{ action: 'KillShim' }] });
    expect(plan).not.toHaveProperty(['actions', 0, 'requires']);
    expect(await recoverer.ask('Probe', { attemptId: 'k0' })).toMatchObject({ outcome: 'NotDone' });

    const count = await killsOf(container.shimPid, 'kills');
    const acted = await recoverer.ask('Act', { attemptId: 'k1' });
    expect(acted).toMatchObject({
      outcome: 'Acted',
      actions: [
        { action: 'KillShim', description: expect.stringMatching(/it ended$/) },
        { description: `containerd removed ${container.id}` },
      ],
    });
    expect(await recoverer.ask('Act', { attemptId: 'k1' })).toEqual(acted);
    expect(await recoverer.ask('Probe', { attemptId: 'k1' })).toMatchObject({ outcome: 'Done' });
    expect(await count.stop()).toMatchObject([{ result: 0, senderPid: process.pid }]);

    expect(existsSync(container.bundle)).toBe(false);
    expect(isAlive(bystander.shimPid) && isAlive(bystander.initPid)).toBe(true);
    const verified = await diagnose(shimDeadlock, about(container.shimPid), { purpose: 'Verify', diagnosis });
    expect(verified).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('containerd has cleaned up') });

    // The pid is another's now: nobody touches that one.
    const reused = await reusePid(container.shimPid);
    expect(await recoverer.ask('Plan')).toMatchObject({ outcome: 'TargetGone' });
    expect(await recoverer.ask('Act', { attemptId: 'k2' })).toMatchObject({ outcome: 'TargetGone' });
    expect(reused.isAlive()).toBe(true);
    await reused.stop();
    await recoverer.close();
    await removeContainer(bystander);
  });

  test('does not verify while containerd has not cleaned up', { timeout: 120_000 }, async () => {
    const container = await startShimContainer(containerd, { id: 'left-behind' });
    const target = { ...diagnosis.target, process: { ...diagnosis.target.process!, pid: container.shimPid } };
    const evidence = [{ title: 'Bundles', detail: container.bundle }];
    const verify = () =>
      diagnose(shimDeadlock, about(container.shimPid), { purpose: 'Verify', diagnosis: { ...diagnosis, target, evidence } });
    expect(await verify()).toMatchObject({ outcome: 'Failed', retryable: true, reason: expect.stringContaining('has not cleaned up yet') });
    await removeContainer(container);
    expect(await verify()).toMatchObject({ outcome: 'NotIdentified' });
  });
});

describe('process-kill', () => {
  test('repairs a parent that does not reap: found, ended by one TERM, verified', { timeout: 60_000 }, async () => {
    const parent = await startNonReapingParent({ children: 3, kind: 'counts-term-and-ends' });
    const parameters = { zombies: parent.zombiePids };
    const diagnosis = diagnosisOf(await diagnose(unreapedChildren, about(parent.pid), { parameters }));
    expect(diagnosis).toMatchObject({ cause: 'ParentDoesNotReap', confidence: 'high', target: { process: { pid: parent.pid } } });
    expect(await diagnose(shimDeadlock, about(parent.pid))).toMatchObject({ outcome: 'NotIdentified' });
    const recoverer = await startRecoverer(processKill, diagnosis);
    const acted = await recoverer.ask('Act', { attemptId: 't1' });
    expect(acted).toMatchObject({
      outcome: 'Acted',
      actions: [{ action: 'TerminateProcess', description: expect.stringMatching(/it ended$/) }],
    });
    expect(await recoverer.ask('Act', { attemptId: 't1' })).toEqual(acted);
    expect(parent.terms()).toBe(1);
    const verified = await diagnose(unreapedChildren, about(parent.pid), { purpose: 'Verify', diagnosis, parameters });
    expect(verified).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('and its children with it') });
    await recoverer.close();
    await parent.stop();
  });

  test('kills one that ignores TERM only where KILL is asked for, and no one that took its pid', { timeout: 60_000 }, async () => {
    const parent = await startNonReapingParent({ kind: 'ignores-term' });
    const diagnosis = diagnosisOf(await diagnose(unreapedChildren, about(parent.pid)));
    const recoverer = await startRecoverer(processKill, diagnosis);
    expect(await recoverer.ask('Act', { attemptId: 'u1', parameters: { graceSeconds: 0.5 } })).toMatchObject({ outcome: 'Acted' });
    expect(parent.isAlive()).toBe(true);
    expect(await recoverer.ask('Probe', { attemptId: 'u1' })).toMatchObject({ outcome: 'Done' });
    const forced = { attemptId: 'u2', parameters: { graceSeconds: 0.5, forceKill: true } };
    expect(await recoverer.ask('Act', forced)).toMatchObject({
      actions: [{}, { action: 'KillProcess', description: expect.stringMatching(/it ended$/) }],
    });
    expect(parent.isAlive()).toBe(false);
    const reused = await reusePid(parent.pid);
    expect(await recoverer.ask('Act', { attemptId: 'u3' })).toMatchObject({ outcome: 'TargetGone' });
    expect(reused.isAlive()).toBe(true);
    await reused.stop();
    await recoverer.close();
    await parent.stop();
  });

  test('leaves a shim to the recoverer that knows what it serves', { timeout: 60_000 }, async () => {
    const container = await startShimContainer(containerd, { id: 'not-mine' });
    const process = processIdentity(createProcfs(), container.shimPid);
    const diagnosis = { cause: 'ParentDoesNotReap', target: { kind: 'Process', process } } as Diagnosis;
    const recoverer = await startRecoverer(processKill, diagnosis);
    expect(await recoverer.ask('Act', { attemptId: 's1' })).toMatchObject({
      outcome: 'NotApplicable',
      reason: expect.stringContaining('a containerd shim'),
    });
    expect(isAlive(container.shimPid)).toBe(true);
    await recoverer.close();
    await removeContainer(container);
  });
});
