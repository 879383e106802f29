import { describe, expect, it } from 'vitest';
import { parseCgroupMemberships } from './cgroup-membership.ts';
import { fixture } from './testing/fixture.ts';

describe('parseCgroupMemberships', () => {
  it('reads v1 controllers, a named hierarchy and v2 of one process', () => {
    const memberships = parseCgroupMemberships(fixture('cgroup/ctr-default-hybrid.txt'));
    expect(memberships).toHaveLength(10);
    expect(memberships[0]).toEqual({ hierarchyId: 9, version: 1, controllers: ['name=systemd'], path: '/default/web-1', deleted: false });
    expect(memberships[9]).toEqual({ hierarchyId: 0, version: 2, controllers: [], path: '/default/web-1', deleted: false });
  });

  it('reads hierarchies of several controllers and paths with colons', () => {
    expect(parseCgroupMemberships('4:cpu,cpuacct:/a:b:c\n')).toEqual([
      { hierarchyId: 4, version: 1, controllers: ['cpu', 'cpuacct'], path: '/a:b:c', deleted: false },
    ]);
  });

  it('says that the cgroup of a zombie was removed', () => {
    expect(parseCgroupMemberships(fixture('cgroup/ctr-zombie-removed-v2.txt'))).toMatchObject([{ path: '/default/web-1', deleted: true }]);
  });

  it('passes over lines that are none', () => {
    expect(parseCgroupMemberships('\nx:y:z\n1:cpu\n')).toEqual([]);
  });
});
