import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, assert, beforeAll, describe, expect, it, vi } from 'vitest';
import { runContract, startPlugin } from './testing.ts';

const PROGRAM = fileURLToPath(new URL('../../../examples/python-diagnoser/diagnoser.py', import.meta.url));
const MARKER = 'kdr-demo-marker';

describe('the diagnoser in Python', () => {
  let directory: string;
  let socket: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kdr-python-'));
    socket = join(directory, 'p.sock');
    children.push(spawn('python3', [PROGRAM, socket], { stdio: 'inherit' }));
    children.push(spawn('sleep', ['300'], { argv0: `sleep-${MARKER}`, stdio: 'ignore' }));
    await vi.waitFor(() => assert(existsSync(socket)), { timeout: 10_000 });
  });
  afterAll(async () => {
    for (const child of children) if (child.kill('SIGKILL')) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  });

  it('passes the contract; what it may leave out is noted', async () => {
    const report = await runContract(socket, 'diagnoser');
    expect(report.failed).toEqual([]);
    expect(report.passed.length).toBeGreaterThan(10);
    expect(report.notes.join()).toContain('/openapi.json');
  });

  it('identifies the process that carries the marker, by its identity, and no other', async () => {
    const plugin = await startPlugin(socket);
    const pid = children[1]!.pid!;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    expect(await plugin.ask({ spec: { fault: 'DemoMarker', processReference: { pid } } })).toMatchObject({
      outcome: 'Identified',
      target: { process: { pid, startTicks: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] } },
    });
    expect(await plugin.ask({ spec: { processReference: { pid: process.pid } } })).toMatchObject({ outcome: 'NotIdentified' });
    await plugin.close();
  });

  it('is refused as another role', async () => {
    const { passed, failed } = await runContract(socket, 'recoverer');
    expect(passed).toEqual([]);
    expect(failed[0]!.error).toBe('the manifest says diagnoser, not recoverer');
  });
});
