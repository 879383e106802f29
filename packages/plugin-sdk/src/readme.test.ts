import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runContract, startPlugin } from './testing.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function block(file: string): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const found = new RegExp(`\`\`\`ts file=${file}\\n([^]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no block ${file}`);
  return found;
}

function run(argv: string[], env: Record<string, string>) {
  return spawn(process.execPath, ['--conditions=kdr-source', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

describe('the README', () => {
  // Inside the package, where @kdr/plugin-sdk resolves to itself.
  let directory: string;
  let sockets: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(ROOT, '.readme-'));
    sockets = await mkdtemp(join(tmpdir(), 'kdr-readme-'));
  });
  afterAll(async () => {
    for (const each of [directory, sockets]) await rm(each, { recursive: true, force: true });
  });

  it('shows a plugin in 20 lines that runs as it stands and passes the contract', async () => {
    const code = await block('disk-full.ts');
    expect(
      code
        .trim()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('import')).length,
    ).toBeLessThanOrEqual(20);
    await writeFile(join(directory, 'disk-full.ts'), code);
    const child = run([join(directory, 'disk-full.ts')], { KDR_PLUGIN_DIR: join(sockets, 'p') });
    await once(child.stdout, 'data');
    const socket = join(sockets, 'p', 'disk-full.sock');
    expect((await runContract(socket, 'diagnoser')).failed).toEqual([]);
    const plugin = await startPlugin(socket);
    expect(await plugin.ask({ parameters: { threshold: 0 } })).toMatchObject({ outcome: 'Identified', cause: 'DiskFull' });
    await plugin.close();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(socket)).toBe(false);
  });

  it('shows its tests, which pass', async () => {
    await writeFile(
      join(directory, 'plugin.ts'),
      (await block('disk-full.ts')).replace('const plugin', 'export const plugin').replace('await serve(plugin);', ''),
    );
    await writeFile(join(directory, 'plugin.test.ts'), (await block('disk-full.test.ts')).replace("'vitest'; //", "'node:test'; //"));
    const child = run(['--test', join(directory, 'plugin.test.ts')], {});
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    expect(await once(child, 'exit'), output).toEqual([0, null]);
    expect(output).toMatch(/pass 1[0-9]/);
  });
});
