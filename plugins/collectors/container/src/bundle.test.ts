import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { fromAnnotations, readAnnotations, readInitPid, readShimAddress } from './bundle.ts';
import { createGaps } from './gaps.ts';

const directory = mkdtempSync(join(tmpdir(), 'kdr-bundle-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('reads the pod from the annotations of the CRI plugin', () => {
  const annotations = {
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.sandbox-id': 'abc',
    'io.kubernetes.cri.container-name': 'app',
    'io.kubernetes.cri.sandbox-uid': 'u-1',
    'io.kubernetes.cri.sandbox-namespace': 'default',
    'io.kubernetes.cri.sandbox-name': 'web-0',
  };
  expect(fromAnnotations(annotations)).toEqual({
    ...{ sandbox: false, sandboxId: 'abc', containerName: 'app' },
    pod: { uid: 'u-1', namespace: 'default', name: 'web-0' },
  });
  for (const none of [undefined, null, 5, [], { 'io.kubernetes.cri.sandbox-uid': 5 }]) expect(fromAnnotations(none)).toEqual({});
});

test('takes nothing from a bundle that is absent, broken or a pipe, and does not wait for it', () => {
  const gaps = createGaps();
  expect(readInitPid(directory, gaps)).toBeUndefined();
  expect(gaps.list).toEqual([]);
  writeFileSync(join(directory, 'init.pid'), '12x');
  expect(readInitPid(directory, gaps)).toBeUndefined();
  writeFileSync(join(directory, 'config.json'), '{"annotations"');
  expect(readAnnotations(directory, gaps)).toEqual({});
  expect(gaps.list[0]).toContain('not JSON');
  execFileSync('mkfifo', [join(directory, 'address')]);
  expect(readShimAddress(directory, gaps)).toBeUndefined();
});
