import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CLOCK_TICKS_PER_SECOND, cpuSeconds, processAgeSeconds } from './clock-ticks.ts';
import { createProcfs } from './procfs.ts';
import { eventually } from './testing/eventually.ts';
import { realProcesses } from './testing/real-process.ts';

const procfs = createProcfs();
const processes = realProcesses();
afterEach(() => processes.endAll());

describe('a live process', () => {
  it('is read whole: stat, status, arguments, program, files, threads', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const stat = procfs.stat(pid);
    expect(stat).toMatchObject({ pid, comm: 'sleep', ppid: process.pid, numThreads: 1 });
    expect(procfs.status(pid)).toMatchObject({ name: 'sleep', pid, ppid: process.pid });
    expect(procfs.comm(pid)).toBe('sleep');
    expect(procfs.exe(pid)).toMatchObject({ deleted: false, path: expect.stringMatching(/\/(sleep|coreutils|busybox)$/) as string });
    expect(procfs.cwd(pid)).toBe(process.cwd());
    expect(procfs.fd(pid, 1)).toMatch(/^(pipe|socket):\[\d+\]$/);
    expect([...(procfs.fds(pid)?.links.keys() ?? [])]).toEqual(expect.arrayContaining([0, 1, 2]));
    expect(procfs.threads(pid)).toMatchObject([{ tid: pid, stat: { comm: 'sleep' } }]);
    expect(procfs.pids()).toContain(pid);
    expect(procfs.children(process.pid)).toContain(pid);
    expect(procfs.cgroup(pid)?.length).toBeGreaterThan(0);
  });

  it('gives its arguments, and says when there are more than the limit', async () => {
    const few = await processes.start('sleep', '1000', '0', '0.5');
    expect(await procfs.cmdline(few.pid)).toEqual({ argv: ['sleep', '1000', '0', '0.5'], truncated: false });
    const many = await processes.start('sleep', '1000', ...new Array<string>(40_000).fill('0'));
    const cmdline = await procfs.cmdline(many.pid);
    expect(cmdline?.truncated).toBe(true);
    expect(cmdline?.argv.join('\0').length).toBeLessThanOrEqual(64 * 1024);
  });

  it('says where its descriptors lead, up to a limit', async () => {
    const { pid } = await processes.start('sleep', '1000');
    expect(procfs.fds(pid, 2)).toMatchObject({ truncated: true });
    expect(procfs.fds(pid, 2)?.links.size).toBe(2);
  });

  it('names the program of a process whose file was removed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kdr-exe-'));
    const copy = join(directory, 'tool');
    execFileSync('cp', [execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(), copy]);
    const { pid } = await processes.start(copy, '1000');
    const before = procfs.exe(pid);
    rmSync(directory, { recursive: true });
    expect(procfs.exe(pid)).toEqual({ ...before, deleted: true });
  });
});

describe('a process that is not there', () => {
  it('is undefined to every reader, never an error', async () => {
    const { pid, child, ended } = await processes.start('sleep', '1000');
    child.kill('SIGKILL');
    await ended;
    const { stat, status, comm, cmdline, exe, cwd, cgroup, container, fds, wchan, stack, threads } = procfs;
    for (const read of [stat, status, comm, cmdline, exe, cwd, cgroup, container, fds, wchan, stack, threads]) {
      expect(await read(pid)).toBeUndefined();
    }
    expect(procfs.fd(pid, 0)).toBeUndefined();
    expect(procfs.children(pid)).toEqual([]);
  });

  it('has no program, no arguments and no files left as a zombie, but a stat', async () => {
    const { pid } = await processes.start('sh', '-c', 'sleep 0 & exec sleep 1000');
    const zombie = await eventually('a zombie', () => procfs.children(pid).find((child) => procfs.stat(child)?.state === 'Z'));
    expect(procfs.stat(zombie)).toMatchObject({ state: 'Z', ppid: pid });
    expect(procfs.exe(zombie)).toBeUndefined();
    expect(await procfs.cmdline(zombie)).toEqual({ argv: [], truncated: false });
    expect(procfs.cwd(zombie)).toBeUndefined();
  });
});

describe('another root', () => {
  it('is read instead of /proc, and malformed files give a coded error that names them', () => {
    const root = mkdtempSync(join(tmpdir(), 'kdr-proc-'));
    try {
      mkdirSync(join(root, '7'));
      writeFileSync(join(root, '7/stat'), 'garbage');
      writeFileSync(join(root, 'uptime'), '12.34 5.6\n');
      const other = createProcfs(root);
      expect(other.pids()).toEqual([7]);
      expect(other.uptime()).toBe(12.34);
      expect(() => other.stat(7)).toThrow(expect.objectContaining({ code: 'KDR_PROC_MALFORMED', path: join(root, '7/stat') }) as Error);
      expect(() => other.bootId()).toThrow(expect.objectContaining({ code: 'KDR_PROC_UNREADABLE' }) as Error);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('time', () => {
  it('counts ticks as the C library does', () => {
    expect(CLOCK_TICKS_PER_SECOND).toBe(Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })));
  });

  it('agrees with this process about its own age and processor time', () => {
    const stat = procfs.stat(process.pid);
    if (!stat) throw new Error('this process is not there');
    expect(Math.abs(processAgeSeconds(stat, procfs.uptime()) - process.uptime())).toBeLessThan(2);
    const { user, system } = process.cpuUsage();
    expect(Math.abs(cpuSeconds(stat) - (user + system) / 1e6)).toBeLessThan(0.5);
  });

  it('gives a boot id that stays', () => {
    expect(procfs.bootId()).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(createProcfs().bootId()).toBe(procfs.bootId());
  });
});
