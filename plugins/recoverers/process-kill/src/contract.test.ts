import { type ChildProcess, spawn } from 'node:child_process';
import { createProcfs, processIdentity } from '@kdr/linux';
import { type SampleOptions, startPlugin, testRecoverer } from '@kdr/plugin-sdk/testing';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

const procfs = createProcfs();
const started: ChildProcess[] = [];
afterAll(() => started.forEach((child) => child.kill('SIGKILL')));

async function victim(script: string): Promise<{ request: SampleOptions; child: ChildProcess; output: () => string }> {
  const child = spawn(process.execPath, ['-e', `${script}; console.log('ready'); setInterval(() => {}, 1000)`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  let output = '';
  await new Promise<void>((resolve) => child.stdout.on('data', (chunk) => ((output += String(chunk)), resolve())));
  const target = { kind: 'Process' as const, process: processIdentity(procfs, child.pid ?? 0) };
  return { child, output: () => output, request: { target, diagnosis: { cause: 'ParentDoesNotReap', target } } };
}
const IGNORES = `process.on('SIGTERM', () => console.log('TERM'))`;

describe('the recoverer process-kill', () => {
  const self = { kind: 'Process' as const, process: processIdentity(procfs, process.pid) };
  testRecoverer(plugin, {
    test,
    cases: [
      { name: 'is not for other causes', request: { target: self, diagnosis: { cause: 'DiskFull' } }, expect: 'NotApplicable' },
      { name: 'says that the target is gone', request: { diagnosis: { cause: 'ParentDoesNotReap' } }, expect: 'TargetGone' },
      {
        name: 'does not act on a process that took the pid later',
        request: {
          ...{ mode: 'Act', attemptId: 'a1', diagnosis: { cause: 'ParentDoesNotReap' } },
          target: { kind: 'Process', process: { ...self.process!, startTicks: '1' } },
        },
        expect: 'TargetGone',
      },
      {
        name: 'leaves the process that asks alone, though it was told to end it',
        request: { mode: 'Act', attemptId: 'a2', target: self, diagnosis: { cause: 'ParentDoesNotReap' } },
        expect: (answer) => expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('OwnProcess') }),
      },
    ],
  });

  let close = async () => {};
  afterEach(() => close());
  const ask = async (request: SampleOptions) => {
    const served = await startPlugin(plugin);
    close = () => served.close();
    return { first: await served.ask(request), again: () => served.ask(request), probe: () => served.ask({ ...request, mode: 'Probe' }) };
  };

  test('plans TERM alone, and KILL only where it is asked for, with the permit that it needs', async () => {
    const { request } = await victim('');
    expect((await ask(request)).first).toMatchObject({ outcome: 'Planned', actions: [{ action: 'TerminateProcess' }] });
    await close();
    expect((await ask({ ...request, parameters: { forceKill: true } })).first).toMatchObject({
      actions: [{ action: 'TerminateProcess' }, { action: 'KillProcess', requires: ['ForceKill'] }],
    });
  });

  test('ends a process by TERM, and says so', async () => {
    const { request, child } = await victim('');
    const { first, probe } = await ask({ ...request, mode: 'Act', attemptId: 'b1' });
    expect(first).toMatchObject({
      outcome: 'Acted',
      actions: [{ action: 'TerminateProcess', description: expect.stringMatching(/it ended$/) }],
    });
    expect(child.signalCode).toBe('SIGTERM');
    expect(await probe()).toMatchObject({ outcome: 'Done' });
  });

  test('sends one TERM for one attempt, however often it is asked, and no KILL by itself', async () => {
    const { request, child, output } = await victim(IGNORES);
    const { first, again } = await ask({ ...request, mode: 'Act', attemptId: 'b2', parameters: { graceSeconds: 0.3 } });
    expect(first).toMatchObject({ outcome: 'Acted', actions: [{ description: expect.stringMatching(/it still runs$/) }] });
    expect(await again()).toEqual(first);
    expect(output().match(/TERM/g)).toHaveLength(1);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });

  test('kills what outlives the grace where that is wanted', async () => {
    const { request, child } = await victim(IGNORES);
    const { first } = await ask({ ...request, mode: 'Act', attemptId: 'b3', parameters: { graceSeconds: 0.2, forceKill: true } });
    expect(first).toMatchObject({
      outcome: 'Acted',
      actions: [{ action: 'TerminateProcess' }, { action: 'KillProcess', description: expect.stringMatching(/it ended$/) }],
    });
    expect(child.signalCode).toBe('SIGKILL');
  });
});
