import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGaps } from './gaps.ts';
import { readPodNames } from './pod-names.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kdr-pod-names-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('reads the names of pods from the directories of their logs, and takes nothing else for one', () => {
  const logs = join(root, 'var/log/pods');
  mkdirSync(logs, { recursive: true });
  for (const name of ['kube-system_coredns-5d78c9869d-x7k2p_0b9c2f4e-7d0c-4b0e-9d55-1f2a3b4c5d6e', 'a_b_c_d', 'a_b', '__x'])
    mkdirSync(join(logs, name));
  writeFileSync(join(logs, 'a_file_u'), '');
  expect([...readPodNames(root, createGaps())]).toEqual([
    ['0b9c2f4e-7d0c-4b0e-9d55-1f2a3b4c5d6e', { namespace: 'kube-system', name: 'coredns-5d78c9869d-x7k2p' }],
  ]);
});

it('knows nobody where there is no kubelet', () => {
  expect(readPodNames(root, createGaps()).size).toBe(0);
});
