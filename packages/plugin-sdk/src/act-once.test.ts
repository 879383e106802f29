import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mode, RecoverAnswer, RecoverRequest } from '@kdr/api-types';
import { type PluginClient, createPluginClient } from '@kdr/plugin-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pino } from 'pino';
import { openAttemptRecords } from './attempt-records.ts';
import { type Served, serve } from './index.ts';
import { type SampleOptions, sampleRequest } from './testing.ts';
import { writingRecoverer } from './writing-recoverer.ts';

const PROGRAM = fileURLToPath(new URL('act-once.process.ts', import.meta.url));

let directory: string;
let child: ChildProcess | undefined;
let clients: PluginClient[] = [];

async function start(): Promise<void> {
  child = spawn(process.execPath, ['--conditions=kdr-source', PROGRAM, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KDR_LOG_LEVEL: 'silent' },
  });
  await once(child.stdout!, 'data');
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const ended = child;
  child = undefined;
  if (!ended) return null;
  const exit = once(ended, 'exit');
  ended.kill(signal);
  return ((await exit) as [number | null])[0];
}

function recover(mode: Mode, attemptId: string, options: SampleOptions & { name?: string } = {}): Promise<RecoverAnswer> {
  const { name = 'plain', ...rest } = options;
  const client = createPluginClient({ local: { socket: join(directory, 'plugins', `${name}.sock`) } }, { name, role: 'recoverer' });
  clients.push(client);
  return client.recover(sampleRequest('recoverer', { mode, attemptId, ...rest }) as RecoverRequest);
}

const effects = async () =>
  existsSync(join(directory, 'effects')) ? (await readFile(join(directory, 'effects'), 'utf8')).trim().split('\n') : [];

/** Acts, and kills the process with -9 once the effect is there. */
async function killInTheMiddle(attemptId: string, name = 'plain'): Promise<void> {
  const call = recover('Act', attemptId, { name, parameters: { then: 'hang' } });
  const fault = expect(call).rejects.toMatchObject({ code: 'KDR_PLUGIN_DISCONNECTED', sent: true });
  await vi.waitFor(async () => expect(await effects()).toContain(attemptId), { timeout: 10_000 });
  await end('SIGKILL');
  await fault;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kdr-act-'));
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await end('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

describe('an attempt in a process that is killed', () => {
  beforeEach(start);

  it('is executed once: at the same time, again, and after kill -9 the answer is the same', async () => {
    const acted = { outcome: 'Acted', actions: [{ action: 'Write', description: 'a line for a1' }] };
    const both = await Promise.all([recover('Act', 'a1', { parameters: { then: 'wait' } }), recover('Act', 'a1')]);
    expect(both).toEqual([acted, acted]);
    await end('SIGKILL');
    await start();
    expect(await recover('Act', 'a1')).toEqual(acted);
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'Done' });
    expect(await effects()).toEqual(['a1']);
  });

  it('with -9 in the middle is what the recoverer’s own probe finds, else Unknown, and is never done again', async () => {
    await killInTheMiddle('a1', 'probing');
    await start();
    expect(await recover('Probe', 'a1', { name: 'probing' })).toMatchObject({ outcome: 'Done' });
    await rm(join(directory, 'effects'));
    expect(await recover('Probe', 'a1', { name: 'probing' })).toMatchObject({ outcome: 'NotDone' });
    await killInTheMiddle('a2');
    await start();
    expect(await recover('Probe', 'a2')).toMatchObject({ outcome: 'Unknown' });
    expect(await recover('Act', 'a2')).toMatchObject({
      outcome: 'Failed',
      retryable: false,
      reason: expect.stringContaining('never done again'),
    });
    expect(await effects()).toEqual(['a2']);
  });

  it('with SIGTERM is finished; the process takes no new call, removes the sockets and exits 0', async () => {
    const act = recover('Act', 'a1', { parameters: { then: 'wait' } });
    await vi.waitFor(async () => expect(await effects()).toEqual(['a1']));
    const exit = end('SIGTERM');
    expect(await act).toMatchObject({ outcome: 'Acted' });
    expect(await exit).toBe(0);
    expect(await readdir(join(directory, 'plugins'))).toEqual([]);
    await expect(recover('Act', 'a2')).rejects.toMatchObject({ code: 'KDR_PLUGIN_UNREACHABLE', sent: false });
    await start();
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'Done' });
  });
});

describe('an attempt', () => {
  let served: Served;

  beforeEach(async () => {
    const plugins = [writingRecoverer(join(directory, 'effects'), 'plain', false)];
    served = await serve({ plugins, directory: join(directory, 'plugins'), exitOnSignal: false, logger: pino({ level: 'silent' }) });
  });
  afterEach(() => served.close());

  it('that never arrived is NotDone, and can’t be done any more, should it arrive late', async () => {
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'NotDone' });
    expect(await recover('Act', 'a1')).toMatchObject({ outcome: 'Failed', retryable: false });
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'NotDone' });
    expect(await effects()).toEqual([]);
    expect(await recover('Act', 'a2')).toMatchObject({ outcome: 'Acted' });
  });

  it('older than the records is Unknown: they may have been lost with it', async () => {
    const diagnosis = { identifiedAt: new Date(Date.now() - 60_000).toISOString() };
    expect(await recover('Probe', 'a1', { diagnosis })).toMatchObject({ outcome: 'Unknown' });
  });

  it('whose act threw or failed is told by the probe alone', async () => {
    await expect(recover('Act', 'a1', { parameters: { then: 'throw' } })).rejects.toMatchObject({
      ...{ code: 'KDR_PLUGIN_STATUS', message: expect.stringContaining('KDR_PLUGIN_CRASHED: in the middle') },
    });
    expect(await recover('Act', 'a2', { parameters: { then: 'fail' } })).toMatchObject({ outcome: 'Failed' });
    for (const id of ['a1', 'a2']) {
      expect(await recover('Probe', id)).toMatchObject({ outcome: 'Unknown' });
      expect(await recover('Act', id)).toMatchObject({ outcome: 'Failed' });
    }
    expect(await effects()).toEqual(['a1', 'a2']);
  });

  it('that found its target gone was not done', async () => {
    expect(await recover('Act', 'a1', { parameters: { then: 'gone' } })).toMatchObject({ outcome: 'TargetGone' });
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'NotDone' });
  });

  it('that runs is waited for by a Probe', async () => {
    const act = recover('Act', 'a1', { parameters: { then: 'wait' } });
    await vi.waitFor(async () => expect(await effects()).toEqual(['a1']));
    expect(await recover('Probe', 'a1')).toMatchObject({ outcome: 'Done' });
    await act;
  });

  it('may not change its target, lack its id, or name a file elsewhere', async () => {
    await recover('Act', 'a1');
    const target = { kind: 'Process', process: { bootId: 'b', pid: 7, startTicks: '7' } } as const;
    await expect(recover('Act', 'a1', { target })).rejects.toThrow('KDR_DUPLICATE_REQUEST');
    const waiting = recover('Act', 'a3', { parameters: { then: 'wait' } });
    await vi.waitFor(async () => expect(await effects()).toContain('a3'));
    await expect(recover('Act', 'a3', { target })).rejects.toThrow('KDR_DUPLICATE_REQUEST');
    await waiting;
    await expect(recover('Act', '')).rejects.toThrow('KDR_BAD_REQUEST: attemptId');
    await expect(recover('Act', '../../effects')).rejects.toThrow('KDR_BAD_REQUEST: attemptId');
    await expect(recover('Act', 'a2', { target: { kind: 'Pod', process: target.process } })).rejects.toThrow('target.pod');
    expect(await effects()).toEqual(['a1', 'a3']);
  });

  it('past its deadline is not begun', async () => {
    await expect(recover('Act', 'a1', { deadlineMs: -1_000 })).rejects.toThrow('KDR_PLUGIN_TIMEOUT');
    expect(await effects()).toEqual([]);
  });
});

describe('records', () => {
  it('are dropped after seven days, and a half-written one counts as started', async () => {
    const path = join(directory, 'records');
    const records = await openAttemptRecords(path);
    await records.begin('old', { state: 'started', target: 't' });
    await records.begin('new', { state: 'started', target: 't' });
    await writeFile(join(path, 'torn.json'), '{"state":"fin');
    const eightDaysAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    await utimes(join(path, 'old.json'), eightDaysAgo, eightDaysAgo);
    const reopened = await openAttemptRecords(path);
    expect(reopened.since).toBe(records.since);
    expect(await reopened.read('old')).toBeUndefined();
    expect(await reopened.read('new')).toEqual({ state: 'started', target: 't' });
    expect(await reopened.read('torn')).toEqual({ state: 'started', target: '' });
    expect(await reopened.begin('new', { state: 'started', target: 't' })).toBe(false);
  });
});
