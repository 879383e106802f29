import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type Abnormal, RESOURCES } from '@kdr/api-types';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { bootIdentity } from '../demo/boot-identity.ts';
import { type NonReapingKind, type SignalCount, countSignals, ensureRuntime, startNonReapingParent } from '../faults/index.ts';
import { type Failpoints, failpointsIn } from './failpoints.ts';
import { type PluginProcess, sourceProgram, startPluginProcess } from './plugin-process.ts';
import { type Scene, openScene } from './scene.ts';

vi.setConfig({ testTimeout: 180_000 });
let scene: Scene;
let stopping: PluginProcess;
let failpoints: Failpoints;
let witness: SignalCount | undefined;
/** Counting the kernel's signals needs root; the targets count theirs for anybody. */
const root = process.getuid?.() === 0;
/** How often each process of this file may have been signalled: for the kernel's own count at the end. */
const expected = new Map<number, number>();

beforeAll(async () => {
  if (root) await ensureRuntime();
  scene = await openScene();
  const sockets = join(scene.directory, 'own');
  mkdirSync(sockets);
  failpoints = failpointsIn(sockets);
  const program = sourceProgram(join(import.meta.dirname, 'stopping-kill.ts'), sockets, join(sockets, 'attempts'), sockets);
  stopping = await startPluginProcess(process.execPath, program, join(sockets, 'stopping-kill.sock'));
  expect((await scene.kdr(['plugins', 'add', stopping.socket])).code).toBe(0);
  if (root) witness = await countSignals({ directory: join(scene.directory, 'signals'), signal: 'SIGTERM' });
}, 180_000);
afterAll(async () => {
  await witness?.stop().catch(() => undefined);
  await stopping?.kill();
  await scene?.close();
});

/** A fault that KDR may repair, reported; the Abnormal has the name. */
async function reported(name: string, kind: NonReapingKind, terms: number, recoverer = 'stopping-kill', graceSeconds = 1) {
  const culprit = await startNonReapingParent({ children: 2, kind });
  onTestFinished(() => culprit.stop());
  expected.set(culprit.pid, terms);
  await scene.allow(culprit.pid);
  await scene.report(name, {
    processReference: bootIdentity(culprit),
    diagnosers: ['unreaped-children'],
    recoverers: [recoverer],
    parameters: { lookSeconds: 1, graceSeconds },
  });
  return culprit;
}

/** Stops whoever comes to the point, and waits until somebody has. */
async function stopAt(point: 'before-act' | 'after-act', begin: () => Promise<unknown>): Promise<void> {
  failpoints.arm(point);
  onTestFinished(() => failpoints.release(point));
  await begin();
  await failpoints.reached(point);
}

const onlyAttempt = ({ status }: Abnormal) => {
  expect(status?.recovery?.attempts).toHaveLength(1);
  return status?.recovery?.attempts?.[0];
};
const alive = (pid: number) => readdirSync('/proc').includes(String(pid));

/** The process below `kdr up` that serves the reference plugins. */
function pluginHost(): number {
  const { pid } = scene.platform.process;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const host = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('kdr-plugins'));
  return Number(host);
}

describe('kill -9 of the agent', () => {
  it('before the signal: the plugin ends what it was told, once, and the next agent learns it', async () => {
    let culprit: Awaited<ReturnType<typeof reported>> | undefined;
    await stopAt('before-act', async () => (culprit = await reported('agent-before', 'counts-term-and-ends', 1)));
    expect(culprit?.terms()).toBe(0);
    await scene.restart();
    const attempt = onlyAttempt(await scene.get('agent-before'));
    expect(attempt?.outcome).toBe(undefined);
    failpoints.release('before-act');
    const ended = await scene.end('agent-before');
    expect(ended.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(onlyAttempt(ended)).toMatchObject({
      id: attempt?.id,
      outcome: 'Acted',
      verified: true,
      reason: expect.stringContaining('interrupted') as string,
    });
    expect([culprit?.terms(), culprit?.isAlive()]).toEqual([1, false]);
  });

  it('after the signal: it is not sent again', async () => {
    let culprit: Awaited<ReturnType<typeof reported>> | undefined;
    await stopAt('after-act', async () => (culprit = await reported('agent-after', 'counts-term-and-ends', 1)));
    expect(culprit?.terms()).toBe(1);
    await scene.restart();
    failpoints.release('after-act');
    const ended = await scene.end('agent-after');
    expect(ended.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(onlyAttempt(ended)).toMatchObject({ outcome: 'Acted', verified: true });
    expect(culprit?.terms()).toBe(1);
  });

  it('and of the plugin with it, before the signal: EffectUnknown, and nothing is sent', async () => {
    let culprit: Awaited<ReturnType<typeof reported>> | undefined;
    await stopAt('before-act', async () => (culprit = await reported('both-before', 'counts-term', 0)));
    await stopping.kill();
    await scene.restart();
    failpoints.release('before-act');
    await stopping.start();
    const ended = await scene.end('both-before');
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: 'EffectUnknown' });
    expect(onlyAttempt(ended)).toMatchObject({ outcome: 'Unknown' });
    expect([culprit?.terms(), culprit?.isAlive()]).toEqual([0, true]);
  });

  it('while a person is awaited: the next agent waits on, and acts once after the yes', async () => {
    const culprit = await startNonReapingParent({ children: 2, kind: 'counts-term-and-ends' });
    onTestFinished(() => culprit.stop());
    expected.set(culprit.pid, 1);
    await scene.allow(culprit.pid, { mode: 'Approve' });
    await scene.report('agent-waiting', {
      processReference: bootIdentity(culprit),
      diagnosers: ['unreaped-children'],
      recoverers: ['process-kill'],
      parameters: { lookSeconds: 1, graceSeconds: 1 },
    });
    const waiting = await scene.until('agent-waiting', ({ status }) => status?.recovery?.grant?.decision === 'Waiting');
    await scene.restart();
    expect((await scene.get('agent-waiting')).status?.recovery?.proposal).toEqual(waiting.status?.recovery?.proposal);
    expect((await scene.kdr(['approve', 'agent-waiting'])).code).toBe(0);
    expect((await scene.end('agent-waiting')).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(culprit.terms()).toBe(1);
  });

  it('in the grace after the TERM of the reference recoverer: one TERM, and an end', async () => {
    const culprit = await reported('grace', 'counts-term', 1, 'process-kill', 20);
    await scene.until('grace', () => culprit.terms() === 1);
    await scene.restart();
    const ended = await scene.end('grace');
    expect(onlyAttempt(ended)?.outcome).toMatch(/^(?:Acted|Unknown)$/);
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: expect.stringMatching(/^(?:NotVerified|EffectUnknown)$/) as string });
    expect([culprit.terms(), culprit.isAlive()]).toEqual([1, true]);
  });
});

describe('kill -9 of the plugin host', () => {
  it('before the signal: nobody can tell, so it ends as EffectUnknown, with no signal', async () => {
    let culprit: Awaited<ReturnType<typeof reported>> | undefined;
    await stopAt('before-act', async () => (culprit = await reported('host-before', 'counts-term', 0)));
    await stopping.kill();
    failpoints.release('before-act');
    await stopping.start();
    const ended = await scene.end('host-before');
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: 'EffectUnknown' });
    expect(onlyAttempt(ended)).toMatchObject({
      outcome: 'Unknown',
      // The host that comes back cannot tell; on a slow machine it is not back yet when it is asked.
      reason: expect.stringMatching(/KDR_PLUGIN_DISCONNECTED.*(whether it has got a TERM cannot be told|KDR_PLUGIN_UNREACHABLE)/) as string,
    });
    expect([culprit?.terms(), culprit?.isAlive()]).toEqual([0, true]);
  });

  it('after the signal that ended the target: the probe sees that it is done', async () => {
    let culprit: Awaited<ReturnType<typeof reported>> | undefined;
    await stopAt('after-act', async () => (culprit = await reported('host-after', 'counts-term-and-ends', 1)));
    await stopping.kill();
    failpoints.release('after-act');
    await stopping.start();
    const ended = await scene.end('host-after');
    expect(ended.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
    expect(onlyAttempt(ended)).toMatchObject({ outcome: 'Acted', verified: true });
    expect(culprit?.terms()).toBe(1);
  });

  it('of the reference plugins, after a signal that the target survives: started again, EffectUnknown, one TERM', async () => {
    const culprit = await reported('real-host', 'counts-term', 1, 'process-kill', 20);
    await scene.until('real-host', () => culprit.terms() === 1);
    const host = pluginHost();
    process.kill(host, 'SIGKILL');
    const ended = await scene.end('real-host');
    expect(ended.status).toMatchObject({ phase: 'Failed', reason: 'EffectUnknown' });
    expect(onlyAttempt(ended)).toMatchObject({ outcome: 'Unknown' });
    expect([culprit.terms(), culprit.isAlive()]).toEqual([1, true]);
    expect([pluginHost() === host, alive(pluginHost())]).toEqual([false, true]);
  });
});

it('leaves no Abnormal without an end', async () => {
  const list = async () => (await scene.client.list<Abnormal>(RESOURCES.Abnormal)).items;
  const finalizers = async () => (await list()).flatMap(({ metadata }) => metadata.finalizers ?? []);
  const items = await list();
  expect(items.map(({ status }) => status?.phase).filter((phase) => phase !== 'Succeeded' && phase !== 'Failed')).toEqual([]);
  // The finalizer goes after the terminal phase is written.
  await expect.poll(finalizers, { timeout: 10_000 }).toEqual([]);
});

it.skipIf(!root)('has sent as many signals as the targets counted: the kernel says so', async () => {
  const seen = ((await witness?.stop()) ?? []).filter(
    ({ senderPid, sig }) => senderPid !== process.pid && sig === constants.signals.SIGTERM,
  );
  const counted = [...expected.keys()].map((pid) => [pid, seen.filter((one) => one.pid === pid).length]);
  expect(counted).toEqual([...expected]);
});
