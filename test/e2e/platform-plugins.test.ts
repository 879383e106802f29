import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AbnormalSpec, API_VERSION, RESOURCES, type Registration } from '@kdr/api-types';
import { type Served, serve } from '@kdr/plugin-sdk';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FILE_THERE, fileDiagnoser, fileRecoverer } from './file-plugins.ts';
import { type PluginProcess, startPluginProcess } from './plugin-process.ts';
import { type RawManifest, type RawPlugin, sendBytes, sendJson, startRawPlugin } from './raw-plugin.ts';
import { type Scene, openScene } from './scene.ts';

vi.setConfig({ testTimeout: 180_000 });
const GIB = 1 << 30;
let scene: Scene;
let sockets: string;
let good: Served;
/** A process that the Abnormals of this file name, and that nobody touches. */
let named: ChildProcess;
const raw: RawPlugin[] = [];

beforeAll(async () => {
  scene = await openScene(['--no-bundle']);
  sockets = join(scene.directory, 'own');
  mkdirSync(sockets);
  named = spawn('sleep', ['100000'], { stdio: 'ignore' });
  good = await serve({
    plugins: [
      fileDiagnoser({ name: 'file-there' }),
      fileDiagnoser({ name: 'needs-nobody', needs: 'nobody', priority: 0 }),
      fileRecoverer({ name: 'removes-file' }),
      fileRecoverer({ name: 'wants-nobody', needs: 'nobody', priority: 0 }),
    ],
    directory: sockets,
    logger: pino({ level: 'silent' }),
    exitOnSignal: false,
  });
  for (const socket of Object.values(good.addresses)) await add(socket);
  await scene.allow(named.pid ?? 0, { soakSeconds: 0 });
}, 120_000);
afterAll(async () => {
  await Promise.all(raw.map((plugin) => plugin.close()));
  await good?.close();
  named?.kill('SIGKILL');
  await scene?.close();
});

async function add(socket: string): Promise<void> {
  const { code, stdout, stderr } = await scene.kdr(['plugins', 'add', socket]);
  expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/registered\n$/), '']);
}

/** A raw plugin, registered by `kdr plugins add`, and removed when the test is over. */
async function misbehaving(manifest: RawManifest, answer: Parameters<typeof startRawPlugin>[2]): Promise<RawPlugin> {
  const plugin = await startRawPlugin(join(sockets, `${manifest.name}.sock`), manifest, answer);
  raw.push(plugin);
  await add(plugin.socket);
  onTestFinished(async () => {
    await scene.kdr(['plugins', 'remove', manifest.role, manifest.name]);
    await plugin.close();
  });
  await readyIs(RESOURCES[KIND[manifest.role]], manifest.name, 'True');
  return plugin;
}
const KIND = { collector: 'InformationCollector', diagnoser: 'Diagnoser', recoverer: 'Recoverer' } as const;

/** Waits until a registration's Ready is as wanted; gives the milliseconds that it took. */
async function readyIs(type: (typeof RESOURCES)['Diagnoser'], name: string, wanted: 'True' | 'False', within = 60_000): Promise<number> {
  const begin = Date.now();
  for (;;) {
    const { status } = await scene.client.get<Registration>(type, { name });
    if (status?.conditions?.find((one) => one.type === 'Ready')?.status === wanted) return Date.now() - begin;
    if (Date.now() - begin > within) throw new Error(`${name} is not Ready=${wanted}: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Makes the fault, and reports it. */
async function fileThere(name: string, spec: Partial<AbnormalSpec> = {}): Promise<string> {
  const file = join(scene.directory, name);
  writeFileSync(file, '');
  await scene.report(name, { fault: FILE_THERE, processReference: { pid: named.pid ?? 0 }, parameters: { file }, ...spec });
  return file;
}

function memoryOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

describe('a chain with plugins that misbehave', () => {
  it('gets past each of them with a coded reason, in bounded time and memory, and disturbs no other Abnormal', async () => {
    let sent = 0;
    let followed = 0;
    const elsewhere = createServer((_, response) => {
      followed++;
      sendJson(response, { outcome: 'NotIdentified', reason: 'followed' });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void elsewhere.close());
    const location = () => `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/v1/diagnose`;
    const match = { faults: [FILE_THERE] };
    const diagnoser = (name: string, priority: number): RawManifest => ({ name, role: 'diagnoser', priority, timeoutSeconds: 20, match });
    const [hangs] = await Promise.all([
      misbehaving({ ...diagnoser('hangs', 900), timeoutSeconds: 3 }, () => undefined),
      misbehaving(diagnoser('floods', 800), (response) => sendBytes(response, GIB, (count) => (sent = count))),
      misbehaving(diagnoser('redirects', 700), (response) => response.writeHead(307, { location: location() }).end()),
      misbehaving(diagnoser('babbles', 600), (response) => sendJson(response, { outcome: 'Identified', cause: 'no such cause' })),
      misbehaving(diagnoser('dies', 500), (response) => response.socket?.destroy()),
    ]);
    const platform = scene.platform.process.pid ?? 0;
    const before = memoryOf(platform);

    const file = await fileThere('misled');
    for (const end = Date.now() + 60_000; hangs.calls.length === 0; await new Promise((resolve) => setTimeout(resolve, 20)))
      expect(Date.now()).toBeLessThan(end);
    const others = await Promise.all(
      [1, 2, 3].map(async (number) => {
        await fileThere(`other-${number}`, { diagnosers: ['file-there'], recoverers: ['removes-file'] });
        return scene.end(`other-${number}`);
      }),
    );
    const misled = await scene.end('misled');

    expect(misled.status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'hangs', outcome: 'Failed', reason: expect.stringMatching(/^KDR_PLUGIN_TIMEOUT: /) as string },
      { diagnoser: 'floods', outcome: 'Failed', reason: expect.stringMatching(/^KDR_PLUGIN_ANSWER_TOO_LARGE: /) as string },
      { diagnoser: 'redirects', outcome: 'Failed', reason: expect.stringMatching(/^KDR_PLUGIN_REDIRECT: .*not followed/) as string },
      { diagnoser: 'babbles', outcome: 'Failed', reason: expect.stringMatching(/^KDR_PLUGIN_BAD_ANSWER: .*title: Expected/) as string },
      { diagnoser: 'dies', outcome: 'Failed', reason: expect.stringMatching(/^KDR_PLUGIN_DISCONNECTED: /) as string },
    ]);
    expect(misled.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered', diagnosis: { diagnoser: 'file-there' } });
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
    expect(followed).toBe(0);
    expect(sent).toBeLessThan(GIB / 16);
    expect(memoryOf(platform) - before).toBeLessThan(GIB / 8);
    expect(hangs.calls).toHaveLength(3);
    for (const other of others) {
      expect(other.status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
      expect(Date.parse(other.status?.completionTime ?? '')).toBeLessThan(Date.parse(misled.status?.diagnosis?.identifiedAt ?? ''));
    }
  });

  it('goes on without a collector, and past a recoverer, that break the protocol', async () => {
    await Promise.all([
      misbehaving({ name: 'odd-collector', role: 'collector' }, (response) => response.writeHead(200).end('not json')),
      misbehaving({ name: 'odd-recoverer', role: 'recoverer' }, (response) => sendJson(response, { outcome: 'Acted', actions: [] })),
    ]);
    await fileThere('odd', {
      informationCollectors: [{ name: 'odd-collector', optional: true }],
      diagnosers: ['file-there'],
      recoverers: ['odd-recoverer', 'removes-file'],
    });
    const { status } = await scene.end('odd');
    const coded = expect.stringMatching(/^KDR_PLUGIN_BAD_ANSWER: /) as string;
    expect(status?.information).toMatchObject([{ collector: 'odd-collector', outcome: 'Failed', reason: coded }]);
    expect(status?.recovery?.passedOver).toMatchObject([{ recoverer: 'odd-recoverer', outcome: 'Failed', reason: coded }]);
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
  });
});

describe('a plugin that goes away', () => {
  it('is Ready=False within 15 s, is passed over, and is Ready=True again when it is back', async () => {
    const manifest = { name: 'comes-and-goes', role: 'diagnoser' as const, match: { faults: ['NobodyElseKnows'] } };
    const plugin = await misbehaving(manifest, (response) => sendJson(response, { outcome: 'NotIdentified', reason: 'nothing' }));
    await plugin.close();
    expect(await readyIs(RESOURCES.Diagnoser, 'comes-and-goes', 'False')).toBeLessThan(15_000);
    expect((await scene.kdr(['plugins'])).stdout).toMatch(/comes-and-goes\s+diagnoser\s+False\s+0\/1\s.*KDR_PLUGIN_UNREACHABLE/);
    await scene.report('without', { fault: 'NobodyElseKnows', processReference: { pid: named.pid ?? 0 } });
    const { status } = await scene.end('without');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NoDiagnoserLeft' });
    expect(status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'comes-and-goes', outcome: 'PassedOver', reason: expect.stringMatching(/not ready: KDR_PLUGIN_UNREACHABLE/) as string },
    ]);
    await plugin.open();
    expect(await readyIs(RESOURCES.Diagnoser, 'comes-and-goes', 'True')).toBeLessThan(15_000);
    await scene.report('with', { fault: 'NobodyElseKnows', processReference: { pid: named.pid ?? 0 } });
    expect((await scene.end('with')).status).toMatchObject({
      phase: 'Failed',
      reason: 'NotIdentified',
      message: expect.stringContaining('nothing') as string,
    });
  });

  it('is registered by an object as well, and says why where nobody ever listened', async () => {
    const diagnoser = {
      apiVersion: API_VERSION,
      kind: 'Diagnoser',
      metadata: { name: 'never-there' },
      spec: { endpoint: { local: { socket: join(sockets, 'never.sock') } }, match: { faults: ['NeverThere'] } },
    };
    expect((await scene.k(['create', '-f', '-'], diagnoser)).stdout).toBe('diagnoser.kdr.dev/never-there created\n');
    const said = async () => (await scene.client.get<Registration>(RESOURCES.Diagnoser, { name: 'never-there' })).status?.lastError ?? '';
    await expect.poll(said, { timeout: 60_000, interval: 200 }).toMatch(/KDR_PLUGIN_UNREACHABLE.*ENOENT/);
    expect((await scene.kdr(['plugins', 'add', join(sockets, 'never.sock')])).stderr).toMatch(/^Error \(KDR_PLUGIN_UNREACHABLE\)/);
  });
});

describe('a collector that nobody is', () => {
  it('lets the diagnoser that requires it be passed over, and the next one be asked', async () => {
    await fileThere('next-diagnoser', { diagnosers: ['needs-nobody', 'file-there'], recoverers: ['removes-file'] });
    const { status } = await scene.end('next-diagnoser');
    expect(status?.diagnosisAttempts).toMatchObject([
      { diagnoser: 'needs-nobody', outcome: 'PassedOver', reason: expect.stringContaining('nobody') as string },
    ]);
    expect(status).toMatchObject({ phase: 'Succeeded', diagnosis: { diagnoser: 'file-there' } });
  });

  it('fails the Abnormal with the reason where no other diagnoser is left', async () => {
    await fileThere('no-diagnoser-left', { diagnosers: ['needs-nobody'] });
    const { status } = await scene.end('no-diagnoser-left');
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'NoDiagnoserLeft',
      message: expect.stringMatching(/needs-nobody: collectors that it requires gave nothing: nobody/) as string,
      information: [{ collector: 'nobody', outcome: 'Absent', reason: 'no collector nobody is registered' }],
    });
  });

  it('lets the recoverer that requires it be passed over, and the next one repair it', async () => {
    await fileThere('next-recoverer', { diagnosers: ['file-there'], recoverers: ['wants-nobody', 'removes-file'] });
    const { status } = await scene.end('next-recoverer');
    expect(status?.recovery?.passedOver).toMatchObject([
      { recoverer: 'wants-nobody', outcome: 'PassedOver', reason: expect.stringContaining('nobody') as string },
    ]);
    expect(status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered', recovery: { attempts: [{ recoverer: 'removes-file' }] } });
  });

  it('fails the Abnormal with the reason where no other recoverer is left', async () => {
    const file = await fileThere('no-recoverer-left', { diagnosers: ['file-there'], recoverers: ['wants-nobody'] });
    const { status } = await scene.end('no-recoverer-left');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'NoRecovererLeft' });
    expect(status?.recovery?.passedOver).toMatchObject([
      { recoverer: 'wants-nobody', reason: expect.stringContaining('nobody') as string },
    ]);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  it('fails the Abnormal where its own spec requires it, and not where that says optional', async () => {
    await fileThere('required', { informationCollectors: [{ name: 'nobody' }] });
    expect((await scene.end('required')).status).toMatchObject({
      phase: 'Failed',
      reason: 'CollectorAbsent',
      message: expect.stringContaining('nobody') as string,
    });
    await fileThere('optional', {
      informationCollectors: [{ name: 'nobody', optional: true }],
      diagnosers: ['file-there'],
      recoverers: ['removes-file'],
    });
    expect((await scene.end('optional')).status).toMatchObject({ phase: 'Succeeded', reason: 'Recovered' });
  });
});

it('ends as NotIdentified what no diagnoser is for', async () => {
  await scene.report('unknown', { fault: 'NeverHeardOf', processReference: { pid: named.pid ?? 0 } });
  expect((await scene.end('unknown')).status).toMatchObject({
    phase: 'Failed',
    reason: 'NotIdentified',
    message: expect.stringContaining('No diagnoser') as string,
  });
});

it('has a diagnoser in 40 lines of Python identify something', async () => {
  const program = join(import.meta.dirname, '..', '..', 'examples', 'python-diagnoser', 'diagnoser.py');
  const python: PluginProcess = await startPluginProcess('python3', [program, join(sockets, 'python.sock')], join(sockets, 'python.sock'));
  onTestFinished(() => python.kill());
  const marked = spawn('python3', ['-c', 'import time; time.sleep(100000)', 'kdr-demo-marker'], { stdio: 'ignore' });
  onTestFinished(() => void marked.kill('SIGKILL'));
  await add(python.socket);
  await readyIs(RESOURCES.Diagnoser, 'demo-marker', 'True');
  await scene.report('marked', { fault: 'DemoMarker', processReference: { pid: marked.pid ?? 0 } });
  const { status } = await scene.end('marked');
  expect(status?.diagnosis).toMatchObject({
    diagnoser: 'demo-marker',
    cause: 'DemoMarker',
    target: { kind: 'Process', process: { pid: marked.pid } },
  });
  expect(status).toMatchObject({ phase: 'Failed', reason: 'NoRecovererLeft' });
});
