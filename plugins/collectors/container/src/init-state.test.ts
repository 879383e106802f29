import { expect, test } from 'vitest';
import { initState } from './init-state.ts';

test('tells a running init from one that has ended in any way', () => {
  expect(initState(undefined)).toBe('Gone');
  expect(initState({ state: 'S', flags: 0x400100, numThreads: 1 })).toBe('Running');
  expect(initState({ state: 'T', flags: 0x400100, numThreads: 1 })).toBe('Running');
  expect(initState({ state: 'Z', flags: 0x40010c, numThreads: 1 })).toBe('Zombie');
  expect(initState({ state: 'S', flags: 0x40010c, numThreads: 1 })).toBe('Exiting');
});

test('does not take the end of the main thread for the end of the process', () => {
  expect(initState({ state: 'Z', flags: 0x40010c, numThreads: 2 })).toBe('Running');
});
