import { spawn } from 'node:child_process';
import { testCollector } from '@kdr/plugin-sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CollectAnswer } from '@kdr/plugin-sdk';
import { type ProcessFindings, plugin } from './index.ts';

const parent = spawn('/bin/sh', ['-c', 'sleep 0.05 & exec sleep 1000', 'sh', '--password', 'hunter2'], { stdio: 'ignore' });
const pid = parent.pid ?? 0;
beforeAll(() => new Promise((resolve) => setTimeout(resolve, 400)));
afterAll(() => void parent.kill('SIGKILL'));

const dataOf = (answer: CollectAnswer) => ('data' in answer ? answer.data : {}) as ProcessFindings;

describe('the collector process', () => {
  testCollector(plugin, {
    test,
    cases: [
      {
        name: 'shows a parent with an unreaped child, its ancestors and that it uses no CPU',
        request: { spec: { processReference: { pid } } },
        expect: (answer) => {
          const data = dataOf(answer);
          expect(data).toMatchObject({
            comm: 'sleep',
            state: 'S',
            childCount: 1,
            zombieCount: 1,
            ppid: process.pid,
            argv: ['sleep', '1000'],
          });
          expect(data.zombies[0]).toMatchObject({ ppid: pid, state: 'Z', comm: 'sleep' });
          expect(data.ancestors[0]?.pid).toBe(process.pid);
          expect(data.ancestors.at(-1)?.pid).toBe(1);
          expect(data.cpu.usedBetweenLooks).toBe(0);
          expect(data.fds['2']).toBe('/dev/null');
          expect(data.catchesSigusr1).toBe(false);
        },
      },
      {
        name: 'looks at the pid that the parameters give',
        request: { parameters: { pid: process.pid } },
        expect: (answer) => expect(dataOf(answer).identity.pid).toBe(process.pid),
      },
      {
        name: 'says that the target is gone where another process has its pid',
        request: { spec: { processReference: { pid, startTicks: '1' } } },
        expect: (answer) =>
          expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('the pid was reused') }),
      },
      {
        name: 'says that the target is gone after a boot',
        request: { spec: { processReference: { pid, bootId: '00000000-0000-0000-0000-000000000000' } } },
        expect: (answer) => expect(answer).toMatchObject({ outcome: 'NotApplicable', reason: expect.stringContaining('booted again') }),
      },
      {
        name: 'is not for an Abnormal without a process',
        request: { spec: { processReference: undefined, podReference: { namespace: 'a', name: 'b' } } },
        expect: 'NotApplicable',
      },
    ],
  });
});
