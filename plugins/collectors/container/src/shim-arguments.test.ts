import { expect, test } from 'vitest';
import { isShimProgram, readShimArguments } from './shim-arguments.ts';

const id = 'a'.repeat(64);

test('reads the command lines of all generations of shims', () => {
  const v2 = ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', id, '-address', '/run/containerd/containerd.sock'];
  expect(readShimArguments(v2)).toEqual({ api: 'v2', namespace: 'k8s.io', id, address: '/run/containerd/containerd.sock', debug: false });
  const v1 = [
    'docker-containerd-shim',
    '-namespace',
    'moby',
    '-workdir',
    `/var/lib/docker/x/io.containerd.runtime.v1.linux/moby/${id}`,
    '-debug',
  ];
  expect(readShimArguments(v1)).toEqual({ api: 'v1', namespace: 'moby', id, debug: true });
  expect(readShimArguments(['docker-containerd-shim', id, `/run/x/${id}`, 'docker-runc'])).toEqual({
    api: 'v1',
    namespace: '',
    id,
    debug: false,
  });
  // v1.2: no -id at all (real command line)
  expect(
    readShimArguments(['containerd-shim-runc-v1', '-namespace', 'n', '-address', '/s', '-publish-binary', '/usr/bin/containerd']),
  ).toEqual({
    ...{ api: 'v2', namespace: 'n', address: '/s', debug: false },
  });
});

test('knows a shim by its file', () => {
  for (const name of ['containerd-shim', 'containerd-shim-runc-v2', 'docker-containerd-shim', 'containerd-shim-kata-v2']) {
    expect(isShimProgram(`/usr/bin/${name}`), name).toBe(true);
  }
  for (const name of ['containerd', 'sleep', 'containerd-shimmy', 'my-containerd-shim'])
    expect(isShimProgram(`/usr/bin/${name}`), name).toBe(false);
});
