import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { kubectl } from '../tools/kubectl.ts';

it('the example of the README of @kdr/embedded-apiserver starts, serves kubectl and stops', async () => {
  const text = readFileSync(new URL('../../packages/embedded-apiserver/README.md', import.meta.url), 'utf8');
  const directory = mkdtempSync(join(tmpdir(), 'kdr-readme-'));
  const example = /```ts\n([\s\S]*?)```/.exec(text)![1]!.replaceAll("'./", `'${directory}/`);
  const args = ['--conditions=kdr-source', '--input-type=module', '-e', example];
  const child = spawn(process.execPath, args, { cwd: new URL('..', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
  const { stdout } = await kubectl(join(directory, 'kubeconfig'), ['get', 'namespaces', '-o', 'name']);
  expect(stdout).toBe('namespace/default\nnamespace/kube-system\n');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  rmSync(directory, { recursive: true });
});
