import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cgroupDirectory, parseCgroupMounts, readCgroupMounts } from './cgroup-mount.ts';
import { createProcfs } from './procfs.ts';
import { fixture } from './testing/fixture.ts';

describe('parseCgroupMounts', () => {
  it('finds every hierarchy of a real hybrid machine and nothing else', () => {
    const mounts = parseCgroupMounts(fixture('mountinfo/hybrid.txt'));
    expect(mounts).toHaveLength(10);
    expect(mounts).toContainEqual({ version: 1, controllers: ['name=systemd'], mountPoint: '/sys/fs/cgroup/systemd', root: '/' });
    expect(mounts).toContainEqual({ version: 2, controllers: [], mountPoint: '/sys/fs/cgroup/unified', root: '/' });
  });

  it('undoes the escapes of mountinfo and leaves mount flags out of the controllers', () => {
    const line = '40 31 0:37 /a\\040b /mnt/c\\134d rw shared:1 - cgroup cgroup rw,xattr,release_agent=/x,cpu,cpuacct';
    expect(parseCgroupMounts(line)).toEqual([{ version: 1, controllers: ['cpu', 'cpuacct'], mountPoint: '/mnt/c\\d', root: '/a b' }]);
  });
});

describe('cgroupDirectory', () => {
  const v2 = (path: string) => ({ hierarchyId: 0, version: 2 as const, controllers: [], path, deleted: false });

  it('finds the directories of this very process', () => {
    const mounts = readCgroupMounts();
    const directories = createProcfs()
      .cgroup(process.pid)
      ?.map((membership) => cgroupDirectory(mounts, membership));
    const found = directories?.filter((directory) => directory !== undefined) ?? [];
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((directory) => existsSync(directory))).toBe(true);
  });

  it('has none for what is not below the mounted part', () => {
    const mounts = [{ version: 2 as const, controllers: [], mountPoint: '/sys/fs/cgroup', root: '/kubepods' }];
    expect(cgroupDirectory(mounts, v2('/kubepods/a'))).toBe('/sys/fs/cgroup/a');
    expect(cgroupDirectory(mounts, v2('/system.slice'))).toBeUndefined();
    expect(cgroupDirectory([{ ...mounts[0]!, root: '/' }], v2('/../x'))).toBeUndefined();
  });

  it('finds what a reader in a cgroup namespace sees through the mount of the host, as far as names are known', () => {
    const host = [{ version: 2 as const, controllers: [], mountPoint: '/host/cgroup', root: '/../..' }];
    expect(cgroupDirectory(host, v2('/../../kubepods/x'))).toBe('/host/cgroup/kubepods/x');
    expect(cgroupDirectory(host, v2('/../sibling'))).toBeUndefined();
  });
});
