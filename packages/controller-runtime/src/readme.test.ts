import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from './testing/eventually.ts';
import { startFaultServer } from './testing/fault-server.ts';

it('the example of the README runs, sees a Pod come and go, and stops on SIGTERM', async () => {
  const root = join(import.meta.dirname, '..');
  const code = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  // Inside of the package, so that its own name can be imported.
  mkdirSync(join(root, 'dist'), { recursive: true });
  const folder = mkdtempSync(join(root, 'dist', 'readme-'));
  const server = await startFaultServer();
  writeFileSync(join(folder, 'example.ts'), code ?? '');
  const example = spawn(process.execPath, ['--conditions=kdr-source', join(folder, 'example.ts'), server.url, 'token'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    example.stdout.on('data', (text: Buffer) => (output += text.toString()));
    await eventually(() => server.openWatches === 1, 'the example watches', 15_000);
    server.put('/api/v1/namespaces/a/pods', { metadata: { namespace: 'a', name: 'p' } });
    await eventually(() => output.includes('the Pod is there'), 'it saw the Pod');
    server.remove('/api/v1/namespaces/a/pods', 'p');
    await eventually(() => output.includes('the Pod is gone'), 'it saw that the Pod is gone');
    example.kill('SIGTERM');
    const [exitCode] = (await once(example, 'exit')) as [number];
    expect(exitCode).toBe(0);
    expect(output).toContain('"key":"a/p"');
  } finally {
    example.kill('SIGKILL');
    rmSync(folder, { recursive: true });
    await server.stop();
  }
});
