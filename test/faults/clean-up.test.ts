import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { belongingsOf, cgroupsOf, mountsOf, runcRoot, shimSocketsOf } from './belongings.ts';
import { cleanUp } from './clean-up.ts';
import { startContainerd } from './containerd.ts';
import { burstOfExecs } from './execs.ts';
import { abandonedDirectories, openFaultDirectory } from './fault-directory.ts';
import { isAlive } from './proc.ts';
import { ensureRuntime } from './runtime-packages.ts';
import { removeContainer, startShimContainer } from './shim-container.ts';
import { becomesTrue } from './waiting.ts';

beforeAll(async () => {
  await ensureRuntime();
});

test('stop leaves no process, mount, cgroup, socket or file, with execs in flight, and may be repeated', async () => {
  const containerd = await startContainerd();
  await removeContainer(await startShimContainer(containerd, { id: 'gone-before' }));
  const container = await startShimContainer(containerd, { id: 'one' });
  const burst = burstOfExecs(container, 20, ['/bin/sleep', '1000']);
  await becomesTrue(() => belongingsOf(containerd).contained.length > 1, 10_000);
  const sockets = shimSocketsOf(containerd);
  expect(sockets).not.toEqual([]);
  await containerd.stop();
  await burst.stop();
  expect(belongingsOf(containerd)).toEqual({ containerds: [], shims: [], clients: [], contained: [] });
  expect([...mountsOf(containerd), ...cgroupsOf(containerd)]).toEqual([]);
  expect(existsSync(containerd.directory)).toBe(false);
  expect(existsSync(runcRoot(containerd))).toBe(false);
  expect(sockets.filter((socket) => existsSync(socket))).toEqual([]);
  await containerd.stop();
});

test('two at once do not see each other: cleaning up one leaves the other running', async () => {
  const kept = await startContainerd();
  onTestFinished(() => kept.stop());
  const container = await startShimContainer(kept, { id: 'same' });
  const ended = await startContainerd();
  await startShimContainer(ended, { id: 'same' });
  await ended.stop();
  expect(isAlive(container.shimIdentity) && isAlive(container.initIdentity) && isAlive(kept)).toBe(true);
});

test('what a maker left that was killed by KILL in the middle is found and cleaned up from outside', { timeout: 60_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kdr-fault-'));
  const script = `
    import { startContainerd } from ${JSON.stringify(join(import.meta.dirname, 'containerd.ts'))};
    import { removeContainer, startShimContainer } from ${JSON.stringify(join(import.meta.dirname, 'shim-container.ts'))};
    import { burstOfExecs } from ${JSON.stringify(join(import.meta.dirname, 'execs.ts'))};
    const containerd = await startContainerd({ directory: ${JSON.stringify(directory)} });
    burstOfExecs(await startShimContainer(containerd, { id: 'left' }), 5, ['/bin/sleep', '1000']);
    console.log('up');
    setInterval(() => {}, 1000);`;
  const maker = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(maker.stdout, 'data');
  const at = openFaultDirectory(directory);
  expect(abandonedDirectories()).not.toContain(at.directory);
  maker.kill('SIGKILL');
  await once(maker, 'exit');
  expect(belongingsOf(at).shims.length).toBe(1);
  expect(abandonedDirectories()).toContain(at.directory);
  await cleanUp(directory);
  expect(belongingsOf(at)).toEqual({ containerds: [], shims: [], clients: [], contained: [] });
  expect(existsSync(directory)).toBe(false);
});

test('a directory without our mark, or with a forged one, is refused and not touched', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'not-a-fault-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  await expect(cleanUp(directory)).rejects.toMatchObject({ code: 'KDR_FAULTS_NOT_OURS' });
  writeFileSync(join(directory, 'kdr-fault.json'), JSON.stringify({ namespace: '../../etc', maker: { pid: 1, startTicks: 1 } }));
  await expect(cleanUp(directory)).rejects.toMatchObject({ code: 'KDR_FAULTS_NOT_OURS' });
  await expect(startContainerd({ directory })).rejects.toMatchObject({ code: 'KDR_FAULTS_NOT_OURS' });
  expect(readdirSync(directory)).toEqual(['kdr-fault.json']);
});

test('a directory whose socket path would be too long is refused by name', async () => {
  const base = mkdtempSync(join(tmpdir(), 'kdr-long-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  const directory = join(base, 'x'.repeat(100));
  mkdirSync(directory);
  await expect(startContainerd({ directory })).rejects.toMatchObject({ code: 'KDR_FAULTS_PATH_TOO_LONG' });
});
