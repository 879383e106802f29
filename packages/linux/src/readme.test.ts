import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const here = fileURLToPath(new URL('..', import.meta.url));

function run(source: string): string {
  const child = spawnSync(process.execPath, ['--conditions=kdr-source', '--input-type=module', '--eval', source], {
    cwd: here,
    encoding: 'utf8',
  });
  return child.status === 0 ? child.stdout : child.stderr;
}

describe('the README', () => {
  it('has an example that does what it says', () => {
    const source = /```ts\n([^`]+)```/.exec(readFileSync(`${here}/README.md`, 'utf8'))?.[1] ?? '';
    const output = run(source);
    const outcomes = output.match(/outcome: '(\w+)'/g);
    expect(outcomes, output).toEqual(['Refused', 'Signalled', 'Exited', 'TargetGone'].map((outcome) => `outcome: '${outcome}'`));
  });

  it('is right that the FFI library is loaded by a signal and by nothing before it', () => {
    const output = run(`
      import { createProcfs, createSignalFence, processIdentity, processTree } from '@kdr/linux';
      import { spawn } from 'node:child_process';
      const loaded = () => process.report.getReport().sharedObjects.some((path) => path.includes('koffi'));
      const procfs = createProcfs();
      processTree(procfs);
      const fence = createSignalFence();
      fence.signal({ identity: processIdentity(procfs, process.ppid), signal: 'SIGTERM' });
      const before = loaded();
      const { pid } = spawn('sleep', ['1000']);
      fence.signal({ identity: processIdentity(procfs, pid), signal: 'SIGKILL' });
      console.log(before, loaded());`);
    expect(output.trim()).toBe('false true');
  });
});
