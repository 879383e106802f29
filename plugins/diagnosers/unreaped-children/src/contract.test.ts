import { spawn } from 'node:child_process';
import { createProcfs, processIdentity } from '@kdr/linux';
import { testDiagnoser } from '@kdr/plugin-sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plugin } from './index.ts';

// A shell that starts a child and becomes a program that does not know it.
const parent = spawn('/bin/sh', ['-c', 'sleep 0.05 & exec sleep 1000'], { stdio: 'ignore' });
const stopped = spawn('/bin/sh', ['-c', 'sleep 0.05 & exec sleep 1000'], { stdio: 'ignore' });
const [pid, stoppedPid] = [parent.pid ?? 0, stopped.pid ?? 0];
beforeAll(async () => {
  await new Promise((resolve) => setTimeout(resolve, 300));
  stopped.kill('SIGSTOP');
});
afterAll(() => {
  for (const child of [parent, stopped]) child.kill('SIGKILL');
});
const look = { lookSeconds: 1 };
const about = (pid: number, more: object = {}) => ({
  spec: { fault: 'UnreapedChildren', processReference: { pid, ...more } },
  parameters: look,
});

const zombieOf = (parent: number) => createProcfs().children(parent)[0] ?? 0;

describe('the diagnoser unreaped-children', () => {
  testDiagnoser(plugin, {
    test,
    cases: [
      {
        name: 'identifies a parent that never waits, with its identity as the target',
        request: about(pid),
        expect: (answer) =>
          expect(answer).toMatchObject({
            ...{ outcome: 'Identified', cause: 'ParentDoesNotReap', confidence: 'high' },
            target: { kind: 'Process', process: processIdentity(createProcfs(), pid) },
          }),
      },
      {
        name: 'does not identify a process without zombies, and says so',
        request: about(process.pid),
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('no unreaped children') }),
      },
      {
        name: 'says of a stopped parent that it is stopped',
        request: about(stoppedPid),
        expect: (answer) => expect(answer).toMatchObject({ outcome: 'NotIdentified', reason: expect.stringContaining('state T') }),
      },
      { name: 'does not verify a stopped parent', request: { ...about(stoppedPid), purpose: 'Verify' }, expect: 'Failed' },
      {
        name: 'verifies that another process has the pid now',
        request: { ...about(pid, { startTicks: '1' }), purpose: 'Verify' },
        expect: 'NotIdentified',
      },
      {
        name: 'does not verify while a child of the parent that is gone is still unreaped',
        get request() {
          const zombies = [zombieOf(pid)];
          return { ...about(4194304), parameters: { ...look, zombies }, purpose: 'Verify' as const };
        },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'Failed', retryable: true, reason: expect.stringContaining(`Their parent is ${pid}`) }),
      },
    ],
  });
});
