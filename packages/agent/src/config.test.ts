import { expect, it } from 'vitest';
import { readConfig } from './config.ts';

const flags = ['--server', 'https://127.0.0.1:6443', '--node-name', 'n1'];

it('works for kdr-system, or for the namespace that the flag or the environment names; the flag wins', () => {
  expect(readConfig(flags, {}).namespace).toBe('kdr-system');
  expect(readConfig(flags, { KDR_NAMESPACE: 'faults' }).namespace).toBe('faults');
  expect(readConfig([...flags, '--namespace', 'mine'], { KDR_NAMESPACE: 'faults' }).namespace).toBe('mine');
});

it.each(['Kube_System', 'a/b', '-a'])('refuses %s, which names no namespace', (namespace) => {
  expect(() => readConfig(flags, { KDR_NAMESPACE: namespace })).toThrow(/--namespace must be the name of a namespace/);
});
