import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerOfPath, findCgroupContainer } from './cgroup-container.ts';
import { parseCgroupMemberships } from './cgroup-membership.ts';
import { fixture } from './testing/fixture.ts';

const id = '4dadabc35a9d09fcf16eb54f56d224157261d6a28950c87f6d6ba7881477cdf7';
const uid = '0f2d9c1e-5b7a-4c3d-8e6f-1a2b3c4d5e6f';
const uid_ = uid.replaceAll('-', '_');
const staticUid = 'f0a1b2c3d4e5f60718293a4b5c6d7e8f';
const find = (text: string) => findCgroupContainer(parseCgroupMemberships(text));

describe('real captures', () => {
  it.each([
    ['ctr-default-hybrid', { runtime: 'containerd', containerId: 'web-1', namespace: 'default', path: '/default/web-1' }],
    ['ctr-own-namespace-hybrid', { runtime: 'unknown', containerId: 'web-1', namespace: 'kdr-try', path: '/kdr-try/web-1' }],
    ['ctr-zombie-hybrid', { runtime: 'containerd', containerId: 'web-1', namespace: 'default', path: '/default/web-1' }],
    ['ctr-zombie-removed-v2', { runtime: 'containerd', containerId: 'web-1', namespace: 'default', path: '/default/web-1' }],
    ['docker-cgroupfs-hybrid', { runtime: 'docker', containerId: id, path: `/docker/${id}` }],
    [
      'docker-custom-parent-hybrid',
      { runtime: 'unknown', containerId: '0c89c6c8a137127bccacb51b4a2bf185ab48976bc8452ad5ecba3478d752cd01' },
    ],
  ])('%s', (name, expected) => {
    expect(find(fixture(`cgroup/${name}.txt`))).toMatchObject({ ...expected, driver: 'cgroupfs' });
  });

  it('sees no container in a process that stands in one v1 hierarchy only', () => {
    expect(find(fixture('cgroup/ctr-shim-hybrid.txt'))).toBeUndefined();
  });
});

describe('shapes that the sources of kubelet, containerd, CRI-O, Docker and podman make', () => {
  const pod = { podUid: uid, containerId: id };
  it.each([
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid_}.slice/cri-containerd-${id}.scope`,
      { ...pod, runtime: 'containerd', driver: 'systemd' },
    ],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid_}.slice/docker-${id}.scope`,
      { ...pod, runtime: 'docker', driver: 'systemd' },
    ],
    [`/kubepods.slice/kubepods-pod${uid_}.slice/crio-${id}.scope`, { ...pod, runtime: 'cri-o', driver: 'systemd' }],
    [`/kubepods.slice/kubepods-pod${staticUid}.slice/crio-${id}.scope`, { podUid: staticUid, containerId: id }],
    [`/kubepods/burstable/pod${uid}/${id}`, { ...pod, runtime: 'unknown', driver: 'cgroupfs' }],
    [`/kubepods/pod${uid}/${id}`, { ...pod, driver: 'cgroupfs' }],
    [`/kubepods/besteffort/pod${staticUid}/crio-${id}`, { podUid: staticUid, runtime: 'cri-o', driver: 'cgroupfs' }],
    [`/kdr-node-2/kubepods/burstable/pod${uid}/${id}`, pod],
    [
      `/node.slice/node-kubepods.slice/node-kubepods-burstable.slice/node-kubepods-burstable-pod${uid_}.slice/cri-containerd-${id}.scope`,
      pod,
    ],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod${uid_}.slice:cri-containerd:${id}`,
      { ...pod, runtime: 'containerd', driver: 'cgroupfs' },
    ],
    [`/system.slice/docker-${id}.scope`, { containerId: id, runtime: 'docker', driver: 'systemd' }],
    [`/docker/${id}`, { containerId: id, runtime: 'docker', driver: 'cgroupfs' }],
    [`/machine.slice/libpod-${id}.scope`, { containerId: id, runtime: 'podman', driver: 'systemd' }],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`, { containerId: id, runtime: 'podman' }],
    [`/libpod_parent/libpod-${id}`, { containerId: id, runtime: 'podman', driver: 'cgroupfs' }],
    [`/../../kubepods/burstable/pod${uid}/${id}`, pod],
  ])('%s', (path, expected) => {
    expect(find(`0::${path}\n`)).toMatchObject(expected);
    expect(find(`12:cpu,cpuacct:/\n3:memory:${path}\n1:name=systemd:${path}\n`)).toMatchObject(expected);
  });

  it('gives the pod of a process in the pod cgroup itself, without a container', () => {
    for (const path of [`/kubepods/burstable/pod${uid}`, `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid_}.slice`]) {
      expect(find(`0::${path}`)).toMatchObject({ podUid: uid, runtime: 'unknown', path });
      expect(find(`0::${path}`)?.containerId).toBeUndefined();
    }
  });

  it('gives the container on a nested node, not the node, and its cgroup without what it made below', () => {
    const outer = '0c89c6c8a137127bccacb51b4a2bf185ab48976bc8452ad5ecba3478d752cd01';
    const path = `/docker/${outer}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${uid_}.slice/cri-containerd-${id}.scope`;
    expect(find(`0::${path}/system.slice/x.service`)).toMatchObject({ containerId: id, podUid: uid, runtime: 'containerd', path });
    expect(find(`0::/docker/${outer}/init.scope`)).toMatchObject({ containerId: outer, runtime: 'docker', path: `/docker/${outer}` });
  });

  it.each([
    '/',
    '/init.scope',
    '/system.slice/kubelet.service',
    '/kubepods/burstable',
    '/kubepods.slice/kubepods-burstable.slice',
    '/user.slice/user-0.slice',
    `/machine.slice/libpod-conmon-${id}.scope`,
    '/lxc/web',
    '/system.slice/containerd.service',
    '/a/b/c',
    '/x',
  ])('sees no container in %s', (path) => {
    expect(find(`0::${path}`)).toBeUndefined();
  });
});

const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

describe('containerOfPath', () => {
  it('finds every container id and pod uid below any prefix, by both drivers', () => {
    const prefix = fc
      .array(fc.stringMatching(/^[a-z.@-]{1,12}$/), { maxLength: 4 })
      .map((parts) => parts.map((part) => `/${part}`).join(''));
    const qos = fc.constantFrom('', 'burstable', 'besteffort');
    fc.assert(
      fc.property(prefix, fc.uuid(), hex(64), qos, (before, podUid, containerId, level) => {
        const directory = `${before}/kubepods${level && `/${level}`}/pod${podUid}/${containerId}`;
        expect(containerOfPath(directory)).toMatchObject({ podUid, containerId, driver: 'cgroupfs', path: directory });
        const slice = `${before}/kubepods${level && `-${level}`}-pod${podUid.replaceAll('-', '_')}.slice/cri-containerd-${containerId}.scope`;
        expect(containerOfPath(slice)).toMatchObject({ podUid, containerId, driver: 'systemd', runtime: 'containerd', path: slice });
      }),
    );
  });

  it('takes any text, and what it names as the cgroup is always a part of it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `/docker/${id}/${text}`),
        ),
        (path) => {
          const found = containerOfPath(path);
          if (found) expect(path.startsWith(found.path)).toBe(true);
        },
      ),
    );
  });
});
