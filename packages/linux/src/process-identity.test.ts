import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { identityDifference, processIdentity, sameProcess, type ProcessIdentity } from './process-identity.ts';
import { createProcfs } from './procfs.ts';
import { eventually } from './testing/eventually.ts';
import { realProcesses } from './testing/real-process.ts';

const procfs = createProcfs();
const processes = realProcesses();
afterEach(() => processes.endAll());

describe('processIdentity', () => {
  it('is the same at each look at one process and survives JSON', async () => {
    const { pid } = await processes.start('sleep', '1000');
    const first = processIdentity(procfs, pid);
    expect(first).toMatchObject({
      pid,
      bootId: procfs.bootId(),
      startTicks: procfs.stat(pid)?.startTicks,
      exe: { dev: expect.stringMatching(/^\d+$/) as string },
    });
    expect(JSON.parse(JSON.stringify(processIdentity(procfs, pid)))).toEqual(first);
  });

  it('has no program for a zombie, which is still the same process', async () => {
    const { pid } = await processes.start('sh', '-c', 'sleep 0.2 & echo $!; exec sleep 1000');
    const child = await eventually('a child', () =>
      procfs.children(pid).find((one) => procfs.exe(one)?.path !== procfs.exe(process.pid)?.path && procfs.comm(one) === 'sleep'),
    );
    const alive = processIdentity(procfs, child);
    await eventually('its end', () => procfs.stat(child)?.state === 'Z');
    const zombie = processIdentity(procfs, child);
    expect(alive?.exe).toBeDefined();
    expect(zombie).toEqual({ bootId: alive?.bootId, pid: child, startTicks: alive?.startTicks });
    expect(alive && zombie && sameProcess(alive, zombie)).toBe(true);
  });

  it('is another one after execve', async () => {
    const { pid, child } = await processes.start('sh', '-c', 'read line; exec sleep 1000');
    const before = processIdentity(procfs, pid);
    child.stdin?.write('go\n');
    await eventually('exec', () => procfs.comm(pid) === 'sleep');
    const after = processIdentity(procfs, pid);
    expect(before && after && identityDifference(before, after)).toBe('it runs another program now');
  });

  it('is undefined when the pid changes hands while it is read: no mixture of two processes', async () => {
    const { pid } = await processes.start('sleep', '1000');
    let looks = 0;
    const stat = (asked: number) => {
      const now = procfs.stat(asked);
      return now && { ...now, startTicks: looks++ === 0 ? '1' : now.startTicks };
    };
    expect(processIdentity({ ...procfs, stat }, pid)).toBeUndefined();
  });

  it('is undefined for an absent process', async () => {
    const { pid, child, ended } = await processes.start('sleep', '1000');
    child.kill('SIGKILL');
    await ended;
    expect(processIdentity(procfs, pid)).toBeUndefined();
  });
});

describe('sameProcess', () => {
  const digits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
  const identity: fc.Arbitrary<ProcessIdentity> = fc.record(
    {
      bootId: fc.constantFrom('a', 'b'),
      pid: fc.integer({ min: 2, max: 4 }),
      startTicks: fc.oneof(fc.constantFrom('1', '2'), digits),
      exe: fc.record({ dev: fc.constantFrom('1', '2'), ino: fc.constantFrom('1', '2') }),
      containerId: fc.constantFrom('x', 'y'),
    },
    { requiredKeys: ['bootId', 'pid', 'startTicks'] },
  );

  it('is reflexive, symmetric, and never joins two boots, pids or starts', () => {
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        expect(sameProcess(a, a)).toBe(true);
        expect(sameProcess(a, b)).toBe(sameProcess(b, a));
        if (a.bootId !== b.bootId || a.pid !== b.pid || a.startTicks !== b.startTicks) expect(sameProcess(a, b)).toBe(false);
      }),
    );
  });

  it('tells start times apart that are one number in floating point', () => {
    const a = { bootId: 'a', pid: 2, startTicks: '9007199254740993' };
    expect(sameProcess(a, { ...a, startTicks: '9007199254740992' })).toBe(false);
  });

  it('tells containers apart', () => {
    const a = { bootId: 'a', pid: 2, startTicks: '1', containerId: 'x' };
    expect(identityDifference(a, { ...a, containerId: 'y' })).toContain('container y, not x');
  });
});
