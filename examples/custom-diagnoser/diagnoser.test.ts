import { match } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testDiagnoser } from '@kdr/plugin-sdk/testing';
import { plugin } from './diagnoser.ts';

const hoarder = spawn('sh', [join(import.meta.dirname, 'hoarder.sh'), '64'], {
  env: { ...process.env, NODE: process.execPath },
  stdio: ['ignore', 'pipe', 'inherit'],
});
before(() => once(hoarder.stdout, 'data'));
after(() => void hoarder.kill());

/** What the collector `process` would have brought about a pid. */
const about = (pid = 0) => ({ process: { identity: { bootId: 'b', pid, startTicks: '1' }, comm: 'node' } });

testDiagnoser(plugin, {
  test,
  cases: [
    {
      name: 'identifies a process that has used them all up, and says what for',
      request: { information: about(hoarder.pid) },
      expect: (answer) => {
        match(JSON.stringify(answer), /uses 6\d of its 64 file descriptors.*\d+ × \/dev\/zero/);
      },
    },
    { name: 'lets another process pass', request: { information: about(process.pid) }, expect: 'NotIdentified' },
    {
      name: 'finds nothing where the process has ended',
      request: { information: about(4194304), purpose: 'Verify' },
      expect: 'NotIdentified',
    },
    { name: 'does not call it looked at where nothing was collected', request: { purpose: 'Verify' }, expect: 'Failed' },
  ],
});
