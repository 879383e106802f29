import { describe, expect, it } from 'vitest';
import { catchesSignal, parseProcStatus } from './proc-status.ts';
import { fixture } from './testing/fixture.ts';

describe('parseProcStatus', () => {
  it('reads a real shim: who, how large, which signals', () => {
    const status = parseProcStatus(fixture('proc/shim.status'));
    expect(status).toMatchObject({
      name: 'containerd-shim',
      pid: 24403,
      tgid: 24403,
      ppid: 1,
      tracerPid: 0,
      uid: { real: 0, effective: 0, saved: 0, filesystem: 0 },
      nsPids: [24403],
      threads: 11,
      sigCgt: 0xfffffffd7fc1feffn,
      sigBlk: 0xfffffffc3bba2800n,
    });
    expect(status.vmRssKib).toBeGreaterThan(1000);
  });

  it('gives the pid in each pid namespace', () => {
    expect(parseProcStatus(fixture('proc/container-init.status')).nsPids).toEqual([24440, 1]);
  });

  it('has no sizes for a zombie and undoes the escapes of its name', () => {
    const status = parseProcStatus(fixture('proc/zombie-odd-name.status'));
    expect(status).toMatchObject({ name: 'a) R (1\n\\ b', vmRssKib: undefined, vmSizeKib: undefined });
  });

  it('refuses a text without the fields that each process has, naming the first', () => {
    expect(() => parseProcStatus('Name:\tx\n', '/proc/9/status')).toThrow('/proc/9/status has no field Pid');
  });
});

describe('catchesSignal', () => {
  it('sees that a Go shim catches SIGUSR1 and a C program without handler does not', () => {
    expect(catchesSignal(parseProcStatus(fixture('proc/shim.status')), 'SIGUSR1')).toBe(true);
    expect(catchesSignal(parseProcStatus(fixture('proc/container-init.status')), 'SIGUSR1')).toBe(false);
  });

  it('never says that SIGKILL is caught', () => {
    expect(catchesSignal(parseProcStatus(fixture('proc/shim.status')), 'SIGKILL')).toBe(false);
  });
});
